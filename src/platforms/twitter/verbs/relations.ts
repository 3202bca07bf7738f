import type { Activity } from "../../../model/activity.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { Done } from "../client/response-schemas.ts";
import { postOf } from "../schemas/address.ts";
import { doEach } from "./for-each-target.ts";

type Run = (client: Client, activity: Activity, context: VerbContext) => Promise<Receipt>;

interface Relation {
  /** Below the account: `users/:id/…`. */
  readonly path: string;
  /** What the body calls the other side. */
  readonly field: string;
  /** What the answer says it became. */
  readonly word: string;
  readonly other: (client: Client, address: string, signal: AbortSignal) => Promise<string>;
}

const thePost: Relation["other"] = async (_client, address) => postOf(address);
const SHARES: Relation = { path: "retweets", field: "tweet_id", word: "retweeted", other: thePost };
const LIKES: Relation = { path: "likes", field: "tweet_id", word: "liked", other: thePost };
const thePerson: Relation["other"] = (client, address, signal) => client.idOf(address, signal);
const FOLLOWS: Relation = { path: "following", field: "target_user_id", word: "following", other: thePerson };

/** Doing one of these twice is as good as once, and so is taking it back. */
const put =
  ({ path, field, word, other }: Relation): Run =>
  (client, activity, context) =>
    doEach(activity, context, async (address, before) => {
      const { signal } = context;
      const params = { id: await client.me(signal) };
      const body = { [field]: await other(client, address, signal) };
      const ask = {
        method: "POST",
        path: `users/:id/${path}`,
        params,
        body,
        signal,
        before,
        repeatable: true,
      } as const;
      await client.ask(ask, Done(word));
      return body[field];
    });
const take =
  ({ path, word, other }: Relation): Run =>
  (client, activity, context) =>
    doEach(activity, context, async (address, before) => {
      const { signal } = context;
      const params = { id: await client.me(signal), other: await other(client, address, signal) };
      const ask = {
        method: "DELETE",
        path: `users/:id/${path}/:other`,
        params,
        signal,
        before,
        repeatable: true,
      } as const;
      await client.ask(ask, Done(word));
      return params.other;
    });

export const share = put(SHARES);
export const unshare = take(SHARES);
export const react = put(LIKES);
export const unreact = take(LIKES);
export const follow = put(FOLLOWS);
export const unfollow = take(FOLLOWS);
