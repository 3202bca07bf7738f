import type { WebhookReceiver } from "../../../platform/inbound-webhook.ts";
import type { Credentials } from "../credentials.ts";
import { readWebhook, userIdsOf } from "./webhook-events.ts";
import { crcAnswer, verifySignature } from "./webhook-signature.ts";

/**
 * X's webhook: answers its challenge and verifies its requests with the app's API key secret. X posts all users' events of
 * an app to one address, so each account's endpoint accepts the others' requests and names their accounts (`alsoFor`). An
 * account has an endpoint where its credentials name the user: an OAuth 1.0a token begins with the user's id, of OAuth 2
 * `userId` does.
 */
export const webhook: WebhookReceiver<Credentials> = {
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
    const payload = parseJson(body);
    if (payload === undefined) return { status: 400 };
    const received = readWebhook(payload, (id) => (id === user ? address : undefined));
    const alsoFor = userIdsOf(payload).filter((id) => id !== user);
    return { status: 200, events: received.flatMap(({ events }) => events), alsoFor };
  },
};

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
