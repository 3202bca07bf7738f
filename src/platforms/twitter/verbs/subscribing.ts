import { Failure } from "../../../model/failure.ts";
import { forEachTarget } from "../../../platform/kit/for-each-target.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client, Subscriptions } from "../client/client.ts";
import { classifyError } from "../errors.ts";
import type { SubscribeSchema } from "../schemas/reading.ts";

type Subscription = ActivityOf<typeof SubscribeSchema>;

/** Subscribes to each target's new items, and keeps the account connected for them. */
export function subscribe(client: Client, activity: Subscription, context: VerbContext): Promise<Receipt> {
  const subscriptions = subscriptionsOf(client);
  return forEachTarget(activity, context, { classifyError }, async (name, beforeSend) => {
    await subscriptions.check(name, context.signal);
    await beforeSend();
    await subscriptions.add(name);
    await context.setDesiredOnline(true);
    return undefined;
  });
}

/** Ends the subscription of each target; succeeds for targets without one too. */
export function unsubscribe(client: Client, activity: Subscription, context: VerbContext): Promise<Receipt> {
  const subscriptions = subscriptionsOf(client);
  return forEachTarget(activity, context, { classifyError }, async (name, beforeSend) => {
    await beforeSend();
    await subscriptions.remove(name);
    return undefined;
  });
}

function subscriptionsOf({ subscriptions }: Client): Subscriptions {
  if (subscriptions) return subscriptions;
  const detail = "This worker does not own the account's connection.";
  throw new Failure({ kind: "retryable", code: "internal-error", detail });
}
