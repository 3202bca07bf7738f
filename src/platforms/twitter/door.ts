import type { Push } from "../../push.ts";
import type { Credentials } from "./credentials.ts";
import { crcAnswer, eventsOf, verifySignature } from "./push.ts";

/**
 * X's webhook: its challenge is answered and its pushes are checked with the app's API key secret. X pushes for all users
 * of an app to one address, so an account has a door only where its login says who it is: an OAuth 1.0a token begins
 * with the user's id.
 */
export const push: Push<Credentials> = {
  secrets: ({ address, credentials: { apiSecret, accessToken = "", accessSecret } }) => {
    const user = /^([0-9]{1,19})-/.exec(accessToken)?.[1];
    if (apiSecret === undefined || accessSecret === undefined || user === undefined) return undefined;
    return { apiSecret, user, address };
  },
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
    return { status: 200, arrivals: pushed.flatMap(({ arrivals }) => arrivals) };
  },
};

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}
