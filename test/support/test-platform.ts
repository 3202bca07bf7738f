import Type from "typebox";
import type { Activity } from "../../src/model/activity.ts";
import { Failure } from "../../src/model/failure.ts";
import {
  definePlatform,
  type Outcome,
  type Platform,
  type Receipt,
  type VerbContext,
} from "../../src/platform/platform.ts";

/** Creates a platform `test` with one verb, `echo`, implemented by the test. */
export function testPlatform(
  run: (activity: Activity, context: VerbContext) => Promise<Receipt>,
  more: Partial<Platform> = {},
): Platform {
  return definePlatform({
    id: "test",
    title: "Test",
    needsAccount: false,
    lifetimeSeconds: 60,
    verbs: {
      echo: {
        summary: "",
        schema: Type.Object({}),
        example: {},
        run: (_client: unknown, activity: Activity, context: VerbContext) => run(activity, context),
      },
    },
    classifyError: (cause) =>
      new Failure({ kind: "retryable", code: "platform-unavailable", detail: String(cause), cause }),
    ...more,
  });
}

/** Receipt that reports every target as sent, each with an id. */
export function sentTo(activity: Activity): Receipt {
  return {
    outcomes: activity.target.map(({ address }): Outcome => ({ address, status: "sent", id: `id-${address}` })),
  };
}
