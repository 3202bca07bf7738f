import Type from "typebox";
import type { EndReason } from "../routes/streams/stream-registry.ts";
import { Actor } from "../src/model/activity.ts";
import type {
  ActivityEvent,
  HookEvent,
  ResultEvent,
  SessionEvent,
  StatusEvent,
  TargetOutcome,
} from "../src/model/event.ts";
import type { EventError } from "../src/model/failure.ts";
import type { StreamGap } from "../src/streaming/subscriber.ts";
import { describes } from "./describes.ts";
import { discriminated } from "./discriminated.ts";
import { EventContextSchema, ResultObjectSchema, TermsSchema } from "./vocabulary-schemas.ts";

const Time = Type.String({ format: "date-time" });
const Cursor = Type.String({ description: "A place in the app's event log; opaque. The SSE `id:`." });
const Rid = Type.Union([Type.String(), Type.Integer()]);

/** Error in events and status answers. */
export const ErrorNoteSchema = describes<EventError>()(
  Type.Object(
    {
      code: Type.String({ description: "Stable; docs/errors.md lists them." }),
      detail: Type.String({ description: "What happened and what to do." }),
      retryable: Type.Boolean({ description: "True: it was or will be tried again." }),
      platformCode: Type.Optional(Type.String({ description: "The network's own code and words." })),
    },
    { additionalProperties: false },
  ),
);

/** Target of an activity with its outcome. */
export const TargetOutcomeSchema = describes<TargetOutcome>()(
  Type.Object(
    {
      address: Type.String(),
      status: Type.String({ description: "As the event's status, for this target." }),
      id: Type.Optional(Type.String({ description: "The network's id of what was sent." })),
      error: Type.Optional(ErrorNoteSchema),
    },
    { additionalProperties: false },
  ),
);

const cursor = Type.Optional(
  Type.String({ description: "Its place in the log, where there is no SSE `id:` to say it (polls, WebSocket)." }),
);
interface Carried {
  readonly cursor?: string;
}

const head = {
  rid: Rid,
  id: Type.String({ description: "The gateway's own id of the activity (ULID)." }),
  platform: Type.String(),
  verb: Type.String(),
  actor: Actor,
  target: Type.Array(TargetOutcomeSchema, { description: "One for each target, in their order." }),
  published: Time,
  traceId: Type.Optional(
    Type.String({ pattern: "^[0-9a-f]{32}$", description: "OpenTelemetry's id of the trace, where tracing is on." }),
  ),
  cursor,
};

/** The terminal outcomes. */
export const FinalStatusSchema = Type.Enum(["sent", "failed", "partial", "expired", "cancelled", "unknown"], {
  description: "`partial`: some targets; `unknown`: nobody can tell whether it went out, so it was not repeated.",
});

export const ResultEventSchema = describes<ResultEvent & Carried>()(
  Type.Object(
    {
      type: Type.Literal("result"),
      ...head,
      status: FinalStatusSchema,
      object: ResultObjectSchema,
      error: Type.Optional(ErrorNoteSchema),
      attempts: Type.Integer({ minimum: 0 }),
    },
    { additionalProperties: false, description: "What became of an activity: exactly one for each accepted rid." },
  ),
);

export const StatusEventSchema = describes<StatusEvent & Carried>()(
  Type.Object(
    {
      type: Type.Literal("status"),
      ...head,
      status: Type.Enum(["sending", "deferred", "delivered", "read", "failed"], {
        description: "`deferred`: tried again at `retryAt`; `delivered` and `read` come after the result.",
      }),
      retryAt: Type.Optional(Time),
      error: Type.Optional(ErrorNoteSchema),
    },
    { additionalProperties: false, description: "What may be said before and after the result." },
  ),
);

export const ActivityEventSchema = describes<ActivityEvent & Carried>()(
  Type.Object(
    {
      type: Type.Literal("activity"),
      platform: Type.String(),
      verb: Type.String(),
      actor: Type.Object(
        { ...Actor.properties, id: Type.Optional(Type.String()) },
        { additionalProperties: false, description: "Who did it." },
      ),
      target: Type.Array(
        Type.Object(
          { address: Type.String(), name: Type.Optional(Type.String()), field: Type.Optional(Type.String()) },
          { additionalProperties: false },
        ),
        { description: "Which of the app's accounts it came to." },
      ),
      object: TermsSchema,
      context: Type.Optional(EventContextSchema),
      id: Type.Optional(Type.String({ description: "The network's own id." })),
      cursor,
      published: Time,
      received: Time,
      self: Type.Optional(Type.Boolean({ description: "True: one of the app's own, seen elsewhere." })),
    },
    { additionalProperties: false, description: "Something arrived from a network." },
  ),
);

export const SessionEventSchema = describes<SessionEvent & Carried>()(
  Type.Object(
    {
      type: Type.Literal("session"),
      platform: Type.String(),
      actor: Actor,
      state: Type.Enum(["connecting", "online", "offline", "needs-login", "restricted"]),
      error: Type.Optional(ErrorNoteSchema),
      published: Time,
      cursor,
    },
    { additionalProperties: false, description: "An account's connection to its network changed." },
  ),
);

export const HookEventSchema = describes<HookEvent & Carried>()(
  Type.Object(
    {
      type: Type.Literal("hook"),
      name: Type.String(),
      state: Type.Enum(["disabled", "skipped"], {
        description:
          "`disabled`: nothing is delivered until `PUT /hooks/{name}`; `skipped`: the event `lost` was given up.",
      }),
      error: ErrorNoteSchema,
      lost: Type.Optional(Cursor),
      published: Time,
      cursor,
    },
    { additionalProperties: false, description: "A webhook of the app could not be delivered for a day." },
  ),
);

/** The events by the names they have in the document. */
export const events = {
  ResultEvent: ResultEventSchema,
  StatusEvent: StatusEventSchema,
  ActivityEvent: ActivityEventSchema,
  SessionEvent: SessionEventSchema,
  HookEvent: HookEventSchema,
} as const;

/** Any event of the log. */
export const EventSchema = discriminated(
  "type",
  {
    result: "ResultEvent",
    status: "StatusEvent",
    activity: "ActivityEvent",
    session: "SessionEvent",
    hook: "HookEvent",
  },
  Object.values(events),
  "Ignore types and properties that you do not know: later versions may add some.",
);

/** Gap: events after the cursor are no longer kept. */
export const GapSchema = describes<Omit<StreamGap, "requested"> & { readonly requested: string | null }>()(
  Type.Object(
    {
      requested: Type.Union([Cursor, Type.Null()], { description: "Null when it could not be read." }),
      earliest: Cursor,
      latest: Cursor,
    },
    {
      additionalProperties: false,
      description: "Events after `requested` may be lost: they are no longer kept, or the cursor is not of this log.",
    },
  ),
);

/** Answer of `GET /events` as JSON. */
export const PollSchema = Type.Object(
  {
    events: Type.Array(EventSchema),
    cursor: Type.String({
      description: "Ask again with `?after=` this; it also passes events that the filters left out.",
    }),
    gap: Type.Optional(GapSchema),
  },
  { additionalProperties: false, description: "Events since `after`, oldest first; none when nothing came in time." },
);

/** Control events of the stream by their SSE names. They are no part of the log. */
export const controls = {
  ReadyControl: Type.Object(
    { cursor: Cursor, heartbeatSeconds: Type.Integer({ minimum: 1 }) },
    { additionalProperties: false, description: "First on every stream: where it starts reading." },
  ),
  PositionControl: Type.Object(
    {},
    { additionalProperties: false, description: "Its `id:` is how far was read, though nothing matched." },
  ),
  GapControl: GapSchema,
  GoodbyeControl: describes<{ readonly reason: EndReason; readonly reconnect: boolean }>()(
    Type.Object(
      {
        reason: Type.Enum(["drain", "age", "expired", "revoked", "limit", "unavailable"]),
        reconnect: Type.Boolean({ description: "False: don't come back with the same credentials." }),
      },
      { additionalProperties: false, description: "The stream ends now." },
    ),
  ),
} as const;
