import type { Activity } from "../../../model/activity.ts";
import { forEachTarget } from "../../../platform/kit/for-each-target.ts";
import { performOnce } from "../../../platform/kit/perform-once.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { ToggleResult } from "../client/response-schemas.ts";
import { classifyError } from "../errors.ts";
import { postIdOf } from "../schemas/address.ts";
import type { FollowSchema } from "../schemas/people.ts";

/** A like, repost or follow of an account. Repeating either has no further effect. */
interface Toggle {
  /** Path below the account: `users/:id/…`. */
  readonly path: string;
  /** The body's property that names the post or person. */
  readonly field: string;
  /** The answer's property that says the new state. */
  readonly stateField: string;
}

/** Activity about the post that `object.id` names. */
type OnPost = Pick<Activity, "target"> & { readonly object: { readonly id: string } };

const REPOST: Toggle = { path: "retweets", field: "tweet_id", stateField: "retweeted" };
const LIKE: Toggle = { path: "likes", field: "tweet_id", stateField: "liked" };
const FOLLOW: Toggle = { path: "following", field: "target_user_id", stateField: "following" };

/** Sets or takes back a toggle for the post or person of that id. Returns the id. */
async function change(
  client: Client,
  { path, field, stateField }: Toggle,
  isSet: boolean,
  id: string,
  options: { readonly signal: AbortSignal; readonly beforeSend: () => Promise<void> },
): Promise<string> {
  const ownId = await client.ownId(options.signal);
  const request = isSet
    ? ({ method: "POST", path: `users/:id/${path}`, params: { id: ownId }, body: { [field]: id } } as const)
    : ({ method: "DELETE", path: `users/:id/${path}/:other`, params: { id: ownId, other: id } } as const);
  await client.request({ ...request, ...options, isIdempotent: true }, ToggleResult(stateField));
  return id;
}

/** Returns a verb that changes the toggle of the post that `object.id` names. */
const onPost =
  (toggle: Toggle, isSet: boolean) =>
  (client: Client, activity: OnPost, context: VerbContext): Promise<Receipt> =>
    performOnce(activity, context, { classifyError }, (beforeSend) =>
      change(client, toggle, isSet, postIdOf(activity.object.id), { signal: context.signal, beforeSend }),
    );

/** Returns a verb that changes the toggle of each person that the targets name. */
const onPeople =
  (toggle: Toggle, isSet: boolean) =>
  (client: Client, activity: ActivityOf<typeof FollowSchema>, context: VerbContext): Promise<Receipt> =>
    forEachTarget(activity, context, { classifyError }, async (address, beforeSend) => {
      const { signal } = context;
      return change(client, toggle, isSet, await client.userIdOf(address, signal), { signal, beforeSend });
    });

export const share = onPost(REPOST, true);
export const unshare = onPost(REPOST, false);
export const react = onPost(LIKE, true);
export const unreact = onPost(LIKE, false);
export const follow = onPeople(FOLLOW, true);
export const unfollow = onPeople(FOLLOW, false);
