import Type from "typebox";
import { Actor, Target } from "../../../model/activity.ts";

const common = {
  n: Type.Optional(Type.Integer({ minimum: 0, description: "A number of your own; it is written to the ledger." })),
  body: Type.Optional(Type.String({ maxLength: 65_536 })),
};

function activitySchema<Properties extends Parameters<typeof Type.Object>[0]>(properties: Properties) {
  return Type.Object(
    {
      actor: Actor,
      target: Type.Array(Target, { minItems: 1, maxItems: 100 }),
      object: Type.Object(properties, { additionalProperties: false }),
    },
    { additionalProperties: false },
  );
}

const times = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 1_000, description: "On how many attempts; afterwards it is sent." }),
);

export const EchoSchema = activitySchema({ ...common, subject: Type.Optional(Type.String({ maxLength: 998 })) });
export const FailSchema = activitySchema({
  ...common,
  kind: Type.Union([
    Type.Literal("permanent"),
    Type.Literal("retryable"),
    Type.Literal("rate-limited"),
    Type.Literal("auth"),
  ]),
  times,
  retryAfterMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400_000 })),
  only: Type.Optional(
    Type.Array(Type.String({ maxLength: 512 }), { description: "Addresses that fail; the other targets are sent." }),
  ),
});
export const DelaySchema = activitySchema({
  ...common,
  ms: Type.Integer({ minimum: 0, maximum: 600_000 }),
  when: Type.Optional(
    Type.Union([Type.Literal("before"), Type.Literal("after")], {
      description: "Before (default) or after the commit.",
    }),
  ),
});
export const CrashSchema = activitySchema({
  ...common,
  when: Type.Union([Type.Literal("before"), Type.Literal("committed"), Type.Literal("after")], {
    description: "The process is killed before the commit, after it, or after the effect.",
  }),
  times,
});
export const UnknownSchema = activitySchema({
  ...common,
  landed: Type.Optional(Type.Boolean({ description: "Whether the effect happened in truth; default true." })),
  resolves: Type.Optional(
    Type.Union([Type.Literal("sent"), Type.Literal("failed")], { description: "What asking afterwards finds out." }),
  ),
});

/** Actor and targets of all examples. */
const EXAMPLE = { actor: { address: "alice" }, target: [{ address: "bob" }] };
export const ECHO_EXAMPLE = { ...EXAMPLE, object: { body: "Hello" } };
export const FAIL_EXAMPLE = { ...EXAMPLE, object: { kind: "retryable" as const, times: 2 } };
export const DELAY_EXAMPLE = { ...EXAMPLE, object: { ms: 100 } };
export const CRASH_EXAMPLE = { ...EXAMPLE, object: { when: "before" as const, times: 1 } };
export const UNKNOWN_EXAMPLE = { ...EXAMPLE, object: { landed: true, resolves: "sent" as const } };
