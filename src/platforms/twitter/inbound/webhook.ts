import type { WebhookReceiver } from "../../../platform/inbound-webhook.ts";
import type { Credentials } from "../credentials.ts";
import { crcAnswer, eventsOf, usersOf, verifySignature } from "./webhook-events.ts";

/**
 * X's webhook: its challenge is answered and its pushes are checked with the app's API key secret. X pushes for all users
 * of an app to one address, so each account's door takes the others' pushes too and names whose they are. An account has
 * one where its login says who it is: an OAuth 1.0a token begins with the user's id, of OAuth 2 `userId` says it.
 */
export const push: WebhookReceiver<Credentials> = {
  secrets: ({ address, credentials: { apiSecret, accessToken = "", accessSecret, userId } }) => {
    const user = userId ?? (accessSecret === undefined ? undefined : /^([0-9]{1,19})-/.exec(accessToken)?.[1]);
    return apiSecret === undefined || user === undefined ? undefined : { apiSecret, user, address };
  },
  routingKey: ({ user }) => user,
  receive: ({ method, query, headers, body }, { apiSecret = "", user, address }) => {
    if (apiSecret === "") return { status: 404 };
    if (method === "GET") {
      const token = query.get("crc_token") ?? "";
      if (!/^[!-~]{1,512}$/.test(token)) return { status: 400 };
      return { status: 200, body: JSON.stringify(crcAnswer(apiSecret, token)), contentType: "application/json" };
    }
    if (!verifySignature(body, headers["x-twitter-webhooks-signature"], apiSecret)) return { status: 403 };
    const parsed = json(body);
    if (parsed === undefined) return { status: 400 };
    const pushed = eventsOf(parsed, (id) => (id === user ? address : undefined));
    const mates = usersOf(parsed).filter((id) => id !== user);
    return { status: 200, events: pushed.flatMap(({ arrivals }) => arrivals), alsoFor: mates };
  },
};

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
