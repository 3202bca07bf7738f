import Type, { type Static } from "typebox";
import { ADDRESS_LENGTH } from "../../src/model/activity.ts";
import { EVENT_TYPES } from "../../src/model/event.ts";
import { MAX_DELIVERIES, MAX_WEBHOOKS_PER_APP, WEBHOOK_NAME } from "../../src/webhooks/webhook.ts";

const some = 50;
const Types = Type.Array(Type.Union(EVENT_TYPES.map((type) => Type.Literal(type))), {
  minItems: 1,
  maxItems: EVENT_TYPES.length,
});
const Platforms = Type.Array(Type.String({ minLength: 1, maxLength: 32 }), { minItems: 1, maxItems: some });
const Actors = Type.Array(Type.String({ minLength: 1, maxLength: ADDRESS_LENGTH }), { minItems: 1, maxItems: some });
const Time = Type.String({ format: "date-time" });

/** Body of `PUT /hooks/{name}`. */
export const HookRequest = Type.Object(
  {
    url: Type.String({
      maxLength: 2_048,
      pattern: "^[Hh][Tt][Tt][Pp][Ss]?://[^\\s#]+$",
      description: "Where to POST; https, or http inside the operator's own networks. Redirects are not followed.",
    }),
    types: Type.Optional(Types),
    platforms: Type.Optional(Platforms),
    actors: Type.Optional(Actors),
    from: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: "Where a new hook begins: `latest` (the default), `earliest` or a cursor. See replay for later.",
      }),
    ),
    secret: Type.Optional(
      Type.String({
        maxLength: 128,
        pattern: "^whsec_[A-Za-z0-9+/]+={0,2}$",
        description: "`whsec_` and the base64 of 24 to 64 random bytes; made for you when you give none.",
      }),
    ),
    newSecret: Type.Optional(Type.Boolean({ description: "Of an existing hook: makes a new secret and answers it." })),
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
      description: "Deliver everything after this cursor (again); or `earliest`, or `latest` to skip what waits.",
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
    id: Type.String({ description: "The `webhook-id` that was sent: the same at every try of one event." }),
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
  types: Type.Optional(Types),
  platforms: Type.Optional(Platforms),
  actors: Type.Optional(Actors),
  state: Type.Union([Type.Literal("active"), Type.Literal("failing"), Type.Literal("disabled")], {
    description: "`failing`: nothing was taken since `failingSince`; `disabled`: off until it is PUT again.",
  }),
  failingSince: Type.Optional(Time),
  error: Type.Optional(ErrorShape),
  cursor: Type.String({ description: "How far the event log was gone through." }),
  lag: Type.Object(
    {
      held: Type.Integer({ minimum: 0, description: "Events that wait to be tried again." }),
      seconds: Type.Integer({ minimum: 0, description: "Age of the oldest event not gone through." }),
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
  { ...fields, secret: Type.Optional(Type.String({ description: "To verify with; shown only now." })) },
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
  { id: Type.String({ description: "The `webhook-id` of the test; look for it among the deliveries." }) },
  { additionalProperties: false },
);
