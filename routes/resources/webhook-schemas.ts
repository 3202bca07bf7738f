import Type, { type Static } from "typebox";
import { EVENT_FORMATS } from "../../src/event-formats/event-formats.ts";
import { ADDRESS_LENGTH } from "../../src/model/activity.ts";
import { EVENT_TYPES } from "../../src/model/event.ts";
import { WHITE_SPACE } from "../../src/model/pattern-classes.ts";
import { MAX_DELIVERIES, MAX_WEBHOOKS_PER_APP, WEBHOOK_NAME } from "../../src/webhooks/webhook.ts";

const some = 50;
const Types = Type.Array(Type.Union(EVENT_TYPES.map((type) => Type.Literal(type))), {
  minItems: 1,
  maxItems: EVENT_TYPES.length,
});
const Platforms = Type.Array(Type.String({ minLength: 1, maxLength: 32 }), { minItems: 1, maxItems: some });
const Actors = Type.Array(Type.String({ minLength: 1, maxLength: ADDRESS_LENGTH }), { minItems: 1, maxItems: some });
const Format = Type.Enum([...EVENT_FORMATS], {
  description:
    "Format of the events: `dragoman` (the default), `cloudevents` (CloudEvents 1.0) or `activitystreams` (Activity Streams 2.0).",
});
const Time = Type.String({ format: "date-time" });

/** Body of `PUT /hooks/{name}`. */
export const HookRequest = Type.Object(
  {
    url: Type.String({
      maxLength: 2_048,
      pattern: `^[Hh][Tt][Tt][Pp][Ss]?://[^#${WHITE_SPACE}]+$`,
      description: "Address for the POSTs; https, or http in the operator's own networks. Redirects are not followed.",
    }),
    format: Type.Optional(Format),
    types: Type.Optional(Types),
    platforms: Type.Optional(Platforms),
    actors: Type.Optional(Actors),
    from: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: "Start of a new hook: `latest` (default), `earliest` or a cursor. Later changes: see replay.",
      }),
    ),
    secret: Type.Optional(
      Type.String({
        maxLength: 128,
        pattern: "^whsec_[A-Za-z0-9+/]+={0,2}$",
        description: "`whsec_` and the base64 of 24 to 64 random bytes; generated when absent.",
      }),
    ),
    newSecret: Type.Optional(Type.Boolean({ description: "Existing hook: generates a new secret and returns it." })),
  },
  { additionalProperties: false },
);
export type HookRequest = Static<typeof HookRequest>;

/** Body of `POST /hooks/{name}/replay`. */
export const HookReplayRequest = Type.Object(
  {
    after: Type.String({
      minLength: 1,
      maxLength: 64,
      description: "Deliver all events after this cursor (again); or `earliest`, or `latest` to skip pending events.",
    }),
  },
  { additionalProperties: false },
);

const ErrorShape = Type.Object(
  {
    code: Type.String(),
    detail: Type.String(),
    retryable: Type.Boolean(),
    platformCode: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

/** Attempt to deliver. */
export const DeliveryAnswer = Type.Object(
  {
    id: Type.String({ description: "The sent `webhook-id`: constant over the attempts of an event." }),
    type: Type.String({ description: "The event's type; `test` or `gap`." }),
    at: Time,
    ms: Type.Integer({ minimum: 0 }),
    attempt: Type.Integer({ minimum: 1 }),
    delivered: Type.Boolean(),
    status: Type.Optional(Type.Integer({ description: "HTTP status of the answer." })),
    error: Type.Optional(ErrorShape),
  },
  { additionalProperties: false },
);

const fields = {
  name: Type.String({ pattern: WEBHOOK_NAME }),
  url: Type.String(),
  format: Type.Optional(Format),
  types: Type.Optional(Types),
  platforms: Type.Optional(Platforms),
  actors: Type.Optional(Actors),
  state: Type.Union([Type.Literal("active"), Type.Literal("failing"), Type.Literal("disabled")], {
    description: "`failing`: no delivery succeeded since `failingSince`; `disabled`: off until the next PUT.",
  }),
  failingSince: Type.Optional(Time),
  error: Type.Optional(ErrorShape),
  cursor: Type.String({ description: "Position read in the event log." }),
  lag: Type.Object(
    {
      held: Type.Integer({ minimum: 0, description: "Events that wait for a retry." }),
      seconds: Type.Integer({ minimum: 0, description: "Age of the oldest event not yet processed." }),
    },
    { additionalProperties: false },
  ),
  created: Time,
  updated: Time,
  deliveries: Type.Array(DeliveryAnswer, { description: "The newest attempts." }),
};
/** A hook as answers show it: never its secret. */
export const HookAnswer = Type.Object(fields, { additionalProperties: false });
/** Answer of `PUT`: the secret is there when it was made just now. */
export const HookPutAnswer = Type.Object(
  { ...fields, secret: Type.Optional(Type.String({ description: "For verification; shown only once." })) },
  { additionalProperties: false },
);
export const HookListAnswer = Type.Object(
  { hooks: Type.Array(HookAnswer, { maxItems: MAX_WEBHOOKS_PER_APP }) },
  { additionalProperties: false },
);
export const DeliveryListAnswer = Type.Object(
  { deliveries: Type.Array(DeliveryAnswer, { maxItems: MAX_DELIVERIES }) },
  { additionalProperties: false },
);
export const HookTestAnswer = Type.Object(
  { id: Type.String({ description: "The `webhook-id` of the test, as listed among the deliveries." }) },
  { additionalProperties: false },
);
