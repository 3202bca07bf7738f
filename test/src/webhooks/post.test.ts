import { afterAll, beforeAll, expect, test } from "vitest";
import { egress } from "../../../src/egress/egress.ts";
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
  const post = webhookPost({ guard, inside });
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

test("webhookPost uses plain http in the operator's networks only", async () => {
  const post = poster(["127.0.0.0/8"]);
  expect(await post("http://93.184.216.34/")).toMatchObject({ delivered: false, error: { code: "address-blocked" } });
  expect(await post(receiver.url)).toMatchObject({ delivered: true, status: 204 });
  expect(receiver.received).toHaveLength(1);
});

test("webhookPost follows no redirect", async () => {
  const away = await webhookReceiver(() => ({ status: 307, headers: { location: receiver.url } }));
  ends.push(away.stop);
  const before = receiver.received.length;
  expect(await poster(["127.0.0.0/8"])(away.url)).toMatchObject({ delivered: false, status: 307 });
  expect(receiver.received).toHaveLength(before);
});
