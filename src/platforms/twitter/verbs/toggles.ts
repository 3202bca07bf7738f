import type { Activity } from "../../../model/activity.ts";
import { forEachTarget } from "../../../platform/kit/for-each-target.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { ToggleResult } from "../client/response-schemas.ts";
import { classifyError } from "../errors.ts";
import { postIdOf } from "../schemas/address.ts";

type Run = (client: Client, activity: Activity, context: VerbContext) => Promise<Receipt>;

/** A like, repost or follow, which an account sets and takes back; repeating either has no further effect. */
interface Toggle {
  /** Path below the account: `users/:id/…`. */
  readonly path: string;
  /** The body's property that names the post or person. */
  readonly field: string;
  /** The answer's property that says the new state. */
  readonly stateField: string;
  /** Returns the id of the post or person at X. */
  readonly idOf: (client: Client, address: string, signal: AbortSignal) => Promise<string>;
}

const postId: Toggle["idOf"] = async (_client, address) => postIdOf(address);
const userId: Toggle["idOf"] = (client, address, signal) => client.userIdOf(address, signal);
const REPOST: Toggle = { path: "retweets", field: "tweet_id", stateField: "retweeted", idOf: postId };
const LIKE: Toggle = { path: "likes", field: "tweet_id", stateField: "liked", idOf: postId };
const FOLLOW: Toggle = { path: "following", field: "target_user_id", stateField: "following", idOf: userId };

const set =
  ({ path, field, stateField, idOf }: Toggle): Run =>
  (client, activity, context) =>
    forEachTarget(activity, context, { classifyError }, async (address, beforeSend) => {
      const { signal } = context;
      const params = { id: await client.ownId(signal) };
      const id = await idOf(client, address, signal);
      const request = { method: "POST", path: `users/:id/${path}`, params, body: { [field]: id }, signal } as const;
      await client.request({ ...request, beforeSend, isIdempotent: true }, ToggleResult(stateField));
      return id;
    });

const unset =
  ({ path, stateField, idOf }: Toggle): Run =>
  (client, activity, context) =>
    forEachTarget(activity, context, { classifyError }, async (address, beforeSend) => {
      const { signal } = context;
      const params = { id: await client.ownId(signal), other: await idOf(client, address, signal) };
      const request = { method: "DELETE", path: `users/:id/${path}/:other`, params, signal } as const;
      await client.request({ ...request, beforeSend, isIdempotent: true }, ToggleResult(stateField));
      return params.other;
    });

export const share = set(REPOST);
export const unshare = unset(REPOST);
export const react = set(LIKE);
export const unreact = unset(LIKE);
export const follow = set(FOLLOW);
export const unfollow = unset(FOLLOW);
