import type { Activity } from "../../../model/activity.ts";
import { Failure } from "../../../model/failure.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import type { Watch } from "../inbound/watch.ts";
import { doEach } from "./for-each-target.ts";

/** Begins to bring what is new of each target, and keeps the account connected for it. */
export function subscribe(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const watch = watchOf(client);
  return doEach(activity, context, async (name, before) => {
    await watch.check(name, context.signal);
    await before();
    await watch.add(name);
    await context.setDesiredOnline(true);
    return undefined;
  });
}

/** Brings no more of each target; what was never subscribed to is none of it either. */
export function unsubscribe(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const watch = watchOf(client);
  return doEach(activity, context, async (name, before) => {
    await before();
    await watch.remove(name);
    return undefined;
  });
}

function watchOf({ watch }: Client): Watch {
  if (watch) return watch;
  throw new Failure({ kind: "retryable", code: "internal-error", detail: "The account's connection is not here." });
}
