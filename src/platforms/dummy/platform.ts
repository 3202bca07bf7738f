import { setTimeout as wait } from "node:timers/promises";
import type { Activity } from "../../model/activity.ts";
import type { Failure } from "../../model/failure.ts";
import {
  definePlatform,
  defineVerb,
  type Outcome,
  outcomeOf,
  type Platform,
  type Receipt,
  type VerbContext,
} from "../../platform/platform.ts";
import { explain, failureOf } from "./errors.ts";
import { ledger } from "./ledger.ts";
import {
  type CrashObject,
  CrashShape,
  type DelayObject,
  DelayShape,
  EchoShape,
  EXAMPLE,
  type FailObject,
  FailShape,
  type UnknownObject,
  UnknownShape,
} from "./schemas/dummy.ts";

export interface DummySettings {
  /** File that gets a line per effect; see `ledger`. */
  readonly dummyLedger?: string;
}

/** A network that reaches nobody and fails on demand: for tests, benches and trying out. Needs no account. */
export function dummy(settings: DummySettings): Platform {
  const note = ledger(settings.dummyLedger);

  /** The effect, as every platform does it: the mark first, then the irreversible part. */
  async function effect(activity: Activity, context: VerbContext): Promise<void> {
    await context.commit();
    note(activity);
  }

  async function echo(_client: unknown, activity: Activity, context: VerbContext): Promise<Receipt> {
    await effect(activity, context);
    return receipt(activity, context.pending);
  }

  const send = defineVerb({
    summary: "Reaches nobody, succeeds at once and echoes the object in the result",
    schema: EchoShape,
    example: { ...EXAMPLE, object: { body: "Hello" } },
    run: echo,
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
        schema: FailShape,
        example: { ...EXAMPLE, object: { kind: "retryable", times: 2 } },
        run: async (_client, activity, context) => {
          const { only, times = Number.POSITIVE_INFINITY, ...words } = activity.object as FailObject;
          const fails = context.attempt <= times;
          if (fails && only === undefined) throw failureOf(words);
          await effect(activity, context);
          return receipt(activity, context.pending, (address) =>
            fails && only?.includes(address) ? failureOf(words) : undefined,
          );
        },
      }),
      delay: defineVerb({
        summary: "Takes as long as asked, before or after the commit",
        schema: DelayShape,
        example: { ...EXAMPLE, object: { ms: 100 } },
        run: async (client, activity, context) => {
          const { ms, when = "before" } = activity.object as DelayObject;
          if (when === "before") {
            await wait(ms, undefined, { signal: context.signal });
            return echo(client, activity, context);
          }
          await effect(activity, context);
          await wait(ms, undefined, { signal: context.signal });
          return receipt(activity, context.pending);
        },
      }),
      crash: defineVerb({
        summary: "Kills the worker process before the commit, after it, or after the effect",
        schema: CrashShape,
        example: { ...EXAMPLE, object: { when: "before", times: 1 } },
        run: async (client, activity, context) => {
          const { when, times = 1 } = activity.object as CrashObject;
          if (context.attempt > times) return echo(client, activity, context);
          if (when !== "before") await context.commit();
          if (when === "after") note(activity);
          process.kill(process.pid, "SIGKILL");
          return new Promise<never>(() => undefined);
        },
      }),
      unknown: defineVerb({
        summary: "Breaks after the commit, so that nobody knows what became of it",
        schema: UnknownShape,
        example: { ...EXAMPLE, object: { landed: true, resolves: "sent" } },
        run: async (_client, activity, context) => {
          const { landed = true } = activity.object as UnknownObject;
          await context.commit();
          if (landed) note(activity);
          throw failureOf({ kind: "retryable", code: "platform-timeout", mayHaveLanded: true });
        },
      }),
    },
    recover: async (_client, activity, context) => {
      const { resolves } = activity.object as UnknownObject;
      if (activity.verb !== "unknown" || resolves === undefined) return undefined;
      return receipt(activity, context.pending, () =>
        resolves === "sent" ? undefined : failureOf({ kind: "permanent" }),
      );
    },
    classifyError: explain,
  });
}

function receipt(
  activity: Activity,
  pending: readonly number[],
  failing: (address: string) => Failure | undefined = () => undefined,
): Receipt {
  const outcomes = pending.map((index): Outcome => {
    const address = activity.target[index]?.address ?? "";
    const failure = failing(address);
    return failure ? outcomeOf(address, failure) : { address, status: "sent", id: activity.id };
  });
  return { outcomes, object: { ...activity.object, id: activity.id } };
}
