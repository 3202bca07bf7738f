import { definePlatform, defineVerb, type Platform } from "../../platform/platform.ts";
import { effectLedger } from "./client/ledger.ts";
import { classifyError } from "./errors.ts";
import { recover } from "./recover.ts";
import {
  CRASH_EXAMPLE,
  CrashSchema,
  DELAY_EXAMPLE,
  DelaySchema,
  ECHO_EXAMPLE,
  EchoSchema,
  FAIL_EXAMPLE,
  FailSchema,
  UNKNOWN_EXAMPLE,
  UnknownSchema,
} from "./schemas/faults.ts";
import { delay, echo } from "./verbs/echo.ts";
import { crash, fail, loseOutcome } from "./verbs/faults.ts";

export interface DummySettings {
  /** File that gets a line per effect; see `effectLedger`. */
  readonly dummyLedger?: string;
}

/** A network without recipients that fails on demand, for tests, benches and trials. Needs no account. */
export function dummy({ dummyLedger }: DummySettings): Platform {
  const ledger = effectLedger(dummyLedger);
  const send = defineVerb({
    summary: "Reaches nobody, succeeds at once and echoes the object in the result",
    schema: EchoSchema,
    example: ECHO_EXAMPLE,
    run: (_client, activity, context) => echo(activity, context, ledger),
  });
  return definePlatform({
    id: "dummy",
    title: "Dummy (tests and benches)",
    needsAccount: false,
    lifetimeSeconds: 86_400,
    verbs: {
      send,
      echo: send,
      fail: defineVerb({
        summary: "Fails before anything happens, in the way asked for",
        schema: FailSchema,
        example: FAIL_EXAMPLE,
        run: (_client, activity, context) => fail(activity, context, ledger),
      }),
      delay: defineVerb({
        summary: "Takes as long as asked, before or after the commit",
        schema: DelaySchema,
        example: DELAY_EXAMPLE,
        run: (_client, activity, context) => delay(activity, context, ledger),
      }),
      crash: defineVerb({
        summary: "Kills the worker process before the commit, after it, or after the effect",
        schema: CrashSchema,
        example: CRASH_EXAMPLE,
        run: (_client, activity, context) => crash(activity, context, ledger),
      }),
      unknown: defineVerb({
        summary: "Breaks after the commit, so that the outcome is unknown",
        schema: UnknownSchema,
        example: UNKNOWN_EXAMPLE,
        run: (_client, activity, context) => loseOutcome(activity, context, ledger),
      }),
    },
    recover: (_client, activity, context) => recover(activity, context),
    classifyError,
  });
}
