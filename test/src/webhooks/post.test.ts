import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { egress } from "../../../src/egress/egress.ts";
import { eventFormats } from "../../../src/event-formats/event-formats.ts";
import { webhookPost } from "../../../src/webhooks/post.ts";
import { newWebhookSecret } from "../../../src/webhooks/secret.ts";
import { webhookReceiver } from "../../support/webhook-receiver.ts";

let receiver: Awaited<ReturnType<typeof webhookReceiver>>;
const ends: Array<() => Promise<void>> = [];
beforeAll(async () => {
  receiver = await webhookReceiver();
  ends.push(receiver.stop);
});
afterAll(async () => {
  for (const end of ends) await end();
});

function poster(allowPrivate: readonly string[]) {
  const guard = egress({ allowPrivate });
  const inside = egress({ allowPrivate, insideOnly: true });
  ends.push(guard.close, inside.close);
  const secret = newWebhookSecret();
  const post = webhookPost({ guard, internalEgress: inside, formats: eventFormats(() => undefined) });
  return (url: string) =>
    post({ app: "app1", url, secret }, { id: "evt_1", json: "{}", at: Date.now() }, new AbortController().signal);
}

const LOOPBACK = [
  "127.0.0.1",
  "127.1",
  "0x7f.0.0.1",
  "0177.0.0.1",
  "2130706433",
  "localhost",
  "localhost.",
  "0.0.0.0",
  "0",
  "[::]",
  "[::1]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[64:ff9b::7f00:1]",
  "[2002:7f00:1::]",
  "１２７.0.0.1",
  "127。0。0。1",
];
test.each(LOOPBACK.flatMap((host) => [`http://${host}`, `https://${host}`]))(
  "webhookPost does not connect to %s",
  async (url) => {
    const verdict = await poster([])(`${url}:${receiver.port}/`);
    expect([verdict.delivered, verdict.status]).toEqual([false, undefined]);
    expect(verdict.error?.code).toMatch(/^address-blocked$|^platform-/);
    expect(receiver.received).toEqual([]);
  },
);

test.each([
  ["cloudevents" as const, "application/cloudevents+json", { specversion: "1.0", type: "dragoman.result.send" }],
  ["activitystreams" as const, "application/activity+json", { type: "Create", published: "2026-11-28T00:00:00Z" }],
])("a hook of format %s gets its own media type and a signature over what it gets", async (format, type, body) => {
  const inside = egress({ allowPrivate: ["127.0.0.0/8"], insideOnly: true });
  ends.push(inside.close);
  const secret = newWebhookSecret();
  const post = webhookPost({ guard: inside, internalEgress: inside, formats: eventFormats(() => undefined) });
  const json = '{"type":"result","verb":"send","platform":"email","published":"2026-11-28T00:00:00Z"}';
  const hook = { app: "app1", url: receiver.url, secret, format };
  const result = await post(hook, { id: `evt_${format}`, json, at: Date.now() }, new AbortController().signal);
  expect(result).toMatchObject({ delivered: true });
  const got = receiver.received.find(({ id }) => id === `evt_${format}`);
  expect(got?.headers["content-type"]).toBe(type);
  expect(new Webhook(secret).verify(got?.raw ?? "", got?.headers as Record<string, string>)).toMatchObject(body);
});

test("webhookPost uses plain http in the operator's networks only", async () => {
  const post = poster(["127.0.0.0/8"]);
  expect(await post("http://93.184.216.34/")).toMatchObject({ delivered: false, error: { code: "address-blocked" } });
  expect(await post(receiver.url)).toMatchObject({ delivered: true, status: 204 });
  expect(receiver.received.filter(({ id }) => id === "evt_1")).toHaveLength(1);
});

test("webhookPost follows no redirect", async () => {
  const away = await webhookReceiver(() => ({ status: 307, headers: { location: receiver.url } }));
  ends.push(away.stop);
  const before = receiver.received.length;
  expect(await poster(["127.0.0.0/8"])(away.url)).toMatchObject({ delivered: false, status: 307 });
  expect(receiver.received).toHaveLength(before);
});
