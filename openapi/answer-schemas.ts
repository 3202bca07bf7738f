import Type from "typebox";
import { type ProblemCode, problems } from "../routes/http/problem.ts";
import type { Readiness } from "../routes/operator/health.ts";
import { Actor } from "../src/model/activity.ts";
import type { ValidationError } from "../src/model/validate.ts";
import type { Confirm } from "../src/operations/submit-activity.ts";
import type { TimelineStep } from "../src/operations/timeline.ts";
import { describes } from "./describes.ts";
import { discriminated } from "./discriminated.ts";
import { ErrorNoteSchema, FinalStatusSchema, ResultEventSchema, TargetOutcomeSchema } from "./event-schemas.ts";

const Time = Type.String({ format: "date-time" });
const Rid = Type.Union([Type.String(), Type.Integer()], { description: "As the app sent it." });
const Id = Type.String({ description: "The gateway's own id of the activity (ULID)." });
const codes = Object.keys(problems) as ProblemCode[];

/** Status of an activity: in progress, or one of the terminal outcomes. */
export const StandingSchema = Type.Enum(["queued", "scheduled", "deferred", "sending", ...FinalStatusSchema.enum], {
  description: "`scheduled` until `sendAt`; `deferred` until `retryAt`; the others as in events.",
});

const FaultSchema = describes<ValidationError>()(
  Type.Object(
    {
      pointer: Type.String({ description: "JSON pointer (RFC 6901) into the request body." }),
      detail: Type.String({ description: "The expected value. Never repeats the input." }),
    },
    { additionalProperties: false },
  ),
);

/** Every refusal (RFC 9457). */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ format: "uri-reference", description: "Page that explains the code." }),
    title: Type.String({ description: "Title of all problems with this code." }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    code: Type.Enum(codes, { description: "Stable code for programs." }),
    detail: Type.String({ description: "What to do." }),
    rid: Type.Optional(Rid),
    retryAfter: Type.Optional(
      Type.Integer({ minimum: 0, description: "Seconds until the same request may succeed; as `Retry-After`." }),
    ),
    errors: Type.Optional(Type.Array(FaultSchema)),
  },
  { additionalProperties: false, description: "Reason of a refusal (RFC 9457). Contains neither input nor secrets." },
);

export const ConfirmSchema = describes<Confirm>()(
  Type.Object(
    {
      type: Type.Literal("confirm"),
      verb: Type.Literal("confirm"),
      rid: Rid,
      id: Id,
      status: StandingSchema,
      href: Type.String({ format: "uri-reference", description: "Address of the activity's status." }),
      ridGenerated: Type.Optional(Type.Literal(true, { description: "Present when the app gave no rid." })),
    },
    { additionalProperties: false, description: "The activity is stored and will be delivered." },
  ),
);

/** Refusal in the place of a confirm, in lists and on a WebSocket. */
export const RefusedSchema = Type.Object(
  { type: Type.Literal("refused"), rid: Type.Optional(Rid), problem: ProblemSchema },
  { additionalProperties: false, description: "This activity was not accepted." },
);

const ConfirmOrRefusedSchema = discriminated("type", { confirm: "Confirm", refused: "Refused" }, [
  ConfirmSchema,
  RefusedSchema,
]);

export const ConfirmListSchema = Type.Array(ConfirmOrRefusedSchema, {
  minItems: 1,
  maxItems: 100,
  description: "One answer per activity of the list, in order.",
});

const state = {
  rid: Rid,
  id: Id,
  platform: Type.String(),
  verb: Type.String(),
  status: StandingSchema,
  actor: Actor,
  target: Type.Array(TargetOutcomeSchema),
  attempts: Type.Integer({ minimum: 0 }),
  accepted: Time,
  due: Time,
  expires: Time,
  retryAt: Type.Optional(Time),
};

/** An activity in a list. */
export const ActivitySummarySchema = Type.Object(
  {
    ...state,
    ended: Type.Optional(Time),
    error: Type.Optional({
      ...ErrorNoteSchema,
      description: "Why it was deferred, or did not reach all targets.",
    }),
  },
  { additionalProperties: false, description: "An activity without its content." },
);

export const ActivityListSchema = Type.Object(
  {
    activities: Type.Array(ActivitySummarySchema, { maxItems: 100 }),
    next: Type.Optional(Type.String({ description: "Value of `after` for the next page; absent on the last." })),
  },
  { additionalProperties: false, description: "Activities, newest first." },
);

/** Step of an activity's way. */
export const TimelineStepSchema = describes<TimelineStep>()(
  Type.Object(
    {
      step: Type.Enum(["accepted", "deferred", "sending", "result", "receipt"], {
        description:
          "`sending`: the last attempt reached the network; `receipt`: the network's report after the result.",
      }),
      at: Time,
      status: Type.String({ description: "Status from then on; of a receipt its own." }),
      attempts: Type.Optional(Type.Integer({ minimum: 0, description: "Attempts that had ended." })),
      retryAt: Type.Optional(Time),
      error: Type.Optional(ErrorNoteSchema),
      target: Type.Optional(
        Type.Array(Type.String(), { description: "Addresses of the targets that a receipt is about." }),
      ),
    },
    { additionalProperties: false },
  ),
);

/** Answer of GET and DELETE of an activity. */
export const ActivityStandingSchema = Type.Object(
  {
    ...state,
    error: Type.Optional(ErrorNoteSchema),
    waitsFor: Type.Optional(
      Type.Object(
        {
          rid: Type.Optional(Rid),
          status: StandingSchema,
          attempts: Type.Integer({ minimum: 0 }),
          expires: Time,
          retryAt: Type.Optional(Time),
          error: Type.Optional(ErrorNoteSchema),
        },
        {
          additionalProperties: false,
          description:
            "First activity of the conversation, for whose end this one waits. Cancel it, and this one's turn comes. " +
            "A token that does not cover it learns neither `rid` nor `error`.",
        },
      ),
    ),
    result: Type.Optional(ResultEventSchema),
    timeline: Type.Array(TimelineStepSchema, {
      description: "What happened, oldest first. Of deferrals and receipts the newest 8 kB are kept.",
    }),
  },
  { additionalProperties: false, description: "Status of an activity; `result` once it has ended." },
);

export const HealthSchema = Type.Object({ status: Type.Literal("ok") }, { additionalProperties: false });

export const ReadinessSchema = describes<Readiness>()(
  Type.Object(
    {
      status: Type.Enum(["ready", "draining", "unavailable"]),
      redis: Type.Object(
        {
          up: Type.Boolean(),
          durable: Type.Optional(Type.Boolean({ description: "Each confirmed write survives a crash." })),
          fsync: Type.Optional(Type.Enum(["always", "everysec", "no", "off", "unknown"])),
          eviction: Type.Optional(Type.String()),
          replicas: Type.Optional(Type.Integer({ minimum: 0 })),
          pressure: Type.Enum(["ok", "soft", "hard"], {
            description: "Memory pressure: `soft` leads to 429, `hard` to 503.",
          }),
          warnings: Type.Optional(Type.Array(Type.String())),
        },
        { additionalProperties: false },
      ),
      worker: Type.Optional(Type.Boolean({ description: "Whether the worker of this node runs." })),
    },
    { additionalProperties: false },
  ),
);
