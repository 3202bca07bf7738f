import { createHmac } from "node:crypto";
import { expect, it } from "vitest";
import { twitter } from "../../../../../src/platforms/twitter/platform.ts";
import { oauth1Of } from "../../../../support/x-simulator.ts";

const { webhook: push } = twitter({});
const account = (credentials: object) => ({ address: "@bob", credentials }) as never;
const secrets = push?.secrets?.(account(oauth1Of("12"))) ?? {};
const door = { app: "app1", subject: "acc" };
const signed = (body: string, secret = "app-key-secret") => ({
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

it("knows the app's secret and who the account is, and nothing more", () => {
  expect(secrets).toEqual({ apiSecret: "app-key-secret", user: "12", address: "@bob" });
  const oauth2 = { clientId: "a", refreshToken: "b", accessToken: "99-not-an-id" };
  for (const more of [{}, { apiSecret: "c" }, { userId: "12" }])
    expect(push?.secrets?.(account({ ...oauth2, ...more }))).toBeUndefined();
  const whole = push?.secrets?.(account({ ...oauth2, apiSecret: "c", userId: "12" }));
  expect(whole).toEqual({ apiSecret: "c", user: "12", address: "@bob" });
  expect(push?.routingKey?.(whole ?? {})).toBe("12");
});

it("answers X's challenge", () => {
  const ask = (query: string) =>
    push?.receive(
      { method: "GET", query: new URLSearchParams(query), headers: {}, body: Buffer.alloc(0) },
      secrets,
      door,
    );
  const expected = createHmac("sha256", "app-key-secret").update("abc").digest("base64");
  expect(ask("crc_token=abc")).toEqual({
    status: 200,
    contentType: "application/json",
    body: JSON.stringify({ response_token: `sha256=${expected}` }),
  });
  for (const query of ["", "crc_token=", "crc_token=a%0Ab", `crc_token=${"a".repeat(513)}`])
    expect(ask(query)?.status).toBe(400);
});

it("takes what X signed for this account, and no more of what comes to the same address", () => {
  expect(push?.receive(signed(mention("12")), secrets, door)).toMatchObject({
    status: 200,
    arrivals: [{ key: "post:1900000000000000001", event: { target: [{ address: "@bob" }] } }],
  });
  expect(push?.receive(signed(mention("34")), secrets, door)).toEqual({
    status: 200,
    arrivals: [],
    mates: ["34"],
  });
  expect(push?.receive(signed(mention("12"), "another"), secrets, door)).toEqual({ status: 403 });
  expect(push?.receive({ ...signed(mention("12")), headers: {} }, secrets, door)).toEqual({ status: 403 });
  expect(push?.receive(signed("{"), secrets, door)).toEqual({ status: 400 });
  expect(push?.receive(signed(mention("12"), ""), {}, door)).toEqual({ status: 404 });
});
