import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { twitter } from "../../../../../src/platforms/twitter/platform.ts";
import { oauth1Of } from "../../../../support/x-simulator.ts";

const { webhook } = twitter({});
const account = (credentials: object) => ({ address: "@bob", credentials }) as never;
const secrets = webhook?.secrets?.(account(oauth1Of("12"))) ?? {};
const endpoint = { app: "app1", subject: "acc" };
const signedRequest = (body: string, secret = "app-key-secret") => ({
  method: "POST" as const,
  query: new URLSearchParams(),
  headers: {
    "x-twitter-webhooks-signature": `sha256=${createHmac("sha256", secret).update(body).digest("base64")}`,
  },
  body: Buffer.from(body),
});
const mention = (user: string) =>
  JSON.stringify({
    data: {
      event_type: "post.mention.create",
      filter: { user_id: user },
      payload: { id: "1900000000000000001", text: "Hi @bob", author_id: "34" },
    },
  });

describe("X's webhook receiver", () => {
  it("keeps the app's secret and the account's id as secrets, and nothing else", () => {
    expect(secrets).toEqual({ apiSecret: "app-key-secret", user: "12", address: "@bob" });
    const oauth2 = { clientId: "a", refreshToken: "b", accessToken: "99-not-an-id" };
    for (const more of [{}, { apiSecret: "c" }, { userId: "12" }])
      expect(webhook?.secrets?.(account({ ...oauth2, ...more }))).toBeUndefined();
    const complete = webhook?.secrets?.(account({ ...oauth2, apiSecret: "c", userId: "12" }));
    expect(complete).toEqual({ apiSecret: "c", user: "12", address: "@bob" });
    expect(webhook?.routingKey?.(complete ?? {})).toBe("12");
  });

  it("answers X's challenge", () => {
    const challenge = (query: string) =>
      webhook?.receive(
        { method: "GET", query: new URLSearchParams(query), headers: {}, body: Buffer.alloc(0) },
        secrets,
        endpoint,
      );
    const expected = createHmac("sha256", "app-key-secret").update("abc").digest("base64");
    expect(challenge("crc_token=abc")).toEqual({
      status: 200,
      contentType: "application/json",
      body: JSON.stringify({ response_token: `sha256=${expected}` }),
    });
    for (const query of ["", "crc_token=", "crc_token=a%0Ab", `crc_token=${"a".repeat(513)}`])
      expect(challenge(query)?.status).toBe(400);
  });

  it("accepts events that X signed for this account, and routes the others by `alsoFor`", () => {
    expect(webhook?.receive(signedRequest(mention("12")), secrets, endpoint)).toMatchObject({
      status: 200,
      events: [{ key: "post:1900000000000000001", event: { target: [{ address: "@bob" }] } }],
    });
    expect(webhook?.receive(signedRequest(mention("34")), secrets, endpoint)).toEqual({
      status: 200,
      events: [],
      alsoFor: ["34"],
    });
    expect(webhook?.receive(signedRequest(mention("12"), "another"), secrets, endpoint)).toEqual({ status: 403 });
    expect(webhook?.receive({ ...signedRequest(mention("12")), headers: {} }, secrets, endpoint)).toEqual({
      status: 403,
    });
    expect(webhook?.receive(signedRequest("{"), secrets, endpoint)).toEqual({ status: 400 });
    expect(webhook?.receive(signedRequest(mention("12"), ""), {}, endpoint)).toEqual({ status: 404 });
  });
});
