import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { webhook } from "../../../../src/platforms/webhook/platform.ts";
import { newWebhookSecret } from "../../../../src/webhooks/secret.ts";
import { gateway } from "../../../support/gateway.ts";
import { loopbackEgress } from "../../../support/loopback-egress.ts";
import { runOnce } from "../../../support/run-verb.ts";
import { noEgress, testMailActivity, testVerbContext } from "../../../support/verb-context.ts";
import { type WebhookReply, webhookReceiver } from "../../../support/webhook-receiver.ts";

const ends: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** Starts a receiver, which answers the nth post with `answer(nth)`. */
async function startReceiver(answer: (nth: number) => WebhookReply = () => 204) {
  const receiver = await webhookReceiver((_post, nth) => answer(nth));
  const { fetch, close } = loopbackEgress();
  ends.push(receiver.stop, close);
  const egress = { ...noEgress, fetch };
  const activity = (object: object = { json: { order: 1 } }, address = receiver.url) =>
    testMailActivity({ platform: "webhook", verb: "send", target: [{ address }], object: { ...object } });
  const send = (submitted = activity(), credentials?: unknown) =>
    runOnce(webhook(), submitted, { ...egress, egress, ...(credentials === undefined ? {} : { credentials }) });
  return { receiver, activity, send };
}

describe("webhook send", () => {
  test("posts JSON with the activity's id, signed where a secret is stored", async () => {
    const { receiver, activity, send } = await startReceiver();
    const secret = newWebhookSecret();
    const submitted = activity({ json: { order: 4711, name: "Zoë" } });
    expect((await send(submitted, { secret })).outcomes).toEqual([
      { address: receiver.url, status: "sent", id: submitted.id },
    ]);
    const [first] = receiver.received;
    expect(first?.id).toBe(submitted.id);
    expect(first?.headers["content-type"]).toBe("application/json");
    expect(receiver.verify(secret, first as NonNullable<typeof first>)).toEqual({ order: 4711, name: "Zoë" });
    await send(submitted);
    expect(receiver.received[1]?.headers["webhook-signature"]).toBeUndefined();
    expect(receiver.received[1]?.id).toBe(submitted.id);
  });

  test("posts any body unchanged", async () => {
    const { receiver, activity, send } = await startReceiver();
    await fc.assert(
      fc.asyncProperty(fc.json(), async (body) => {
        await send(activity({ body, mediaType: "application/x-own" }));
        const last = receiver.received.at(-1);
        expect([last?.raw, last?.headers["content-type"]]).toEqual([body, "application/x-own"]);
      }),
      { numRuns: 20 },
    );
  });

  test.each([
    [{ html: "<p>Paid &amp; sent</p>" }, "<p>Paid &amp; sent</p>"],
    [{ markdown: "**Paid** & sent" }, "<p><strong>Paid</strong> &amp; sent</p>"],
    [{ body: "Paid", html: "<b>Paid</b>" }, "<b>Paid</b>"],
  ])("posts %j as HTML", async (object, html) => {
    const { receiver, activity, send } = await startReceiver();
    await send(activity(object));
    expect(receiver.received.map(({ raw, headers }) => [raw, headers["content-type"]])).toEqual([
      [html, "text/html; charset=utf-8"],
    ]);
  });

  test.each([
    [200, "sent", undefined],
    [202, "sent", undefined],
    [301, "failed", "platform-rejected"],
    [400, "failed", "platform-rejected"],
    [403, "failed", "permission-denied"],
    [404, "failed", "recipient-unknown"],
    [408, "deferred", "platform-unavailable"],
    [410, "failed", "recipient-unknown"],
    [413, "failed", "content-too-large"],
    [429, "deferred", "platform-rate-limited"],
    [500, "deferred", "platform-unavailable"],
    [503, "deferred", "platform-unavailable"],
  ])("a %i is %s", async (status, outcome, code) => {
    const { receiver, send } = await startReceiver(() => ({
      status,
      headers: { "retry-after": "7", location: "/elsewhere" },
    }));
    const [first] = (await send()).outcomes;
    expect([first?.status, first?.error?.code]).toEqual([outcome, code]);
    expect(first?.retryAfterMs).toBe(status === 429 || status === 503 ? 7_000 : undefined);
    expect(receiver.received).toHaveLength(1);
  });

  test("repeats a post after a broken connection with the same id", async () => {
    const { send } = await startReceiver(() => (response) => response.destroy());
    const [outcome] = (await send()).outcomes;
    expect(outcome).toMatchObject({ status: "deferred", error: { retryable: true } });
  });

  test("recovers a crashed worker's post with the same id", async () => {
    const { receiver, activity } = await startReceiver();
    const { fetch, close } = loopbackEgress();
    ends.push(close);
    const submitted = activity();
    const receipt = await webhook().recover?.({ webhook: undefined }, submitted, testVerbContext({ fetch }));
    expect(receipt?.outcomes[0]?.status).toBe("sent");
    expect(receiver.received.map(({ id }) => id)).toEqual([submitted.id]);
  });

  test("refuses invalid posts and, by default, private addresses", async () => {
    const gw = await gateway();
    ends.push(gw.stop);
    const key = await gw.keyOf("shop");
    const receiver = await webhookReceiver();
    ends.push(receiver.stop);
    const post = async (object: object, address: string) => {
      const answer = await fetch(`${gw.url}/gateway/activities`, {
        method: "POST",
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Prefer: "wait=20" },
        body: JSON.stringify({
          platform: "webhook",
          verb: "send",
          actor: { address: "shop" },
          target: { address },
          object,
        }),
      });
      return (await answer.json()) as Record<string, unknown>;
    };
    for (const [object, address, pointer] of [
      [{}, "https://example.org/", "/object"],
      [{ json: 1, body: "x" }, "https://example.org/", "/object"],
      [{ json: 1, markdown: "x" }, "https://example.org/", "/object"],
      [{ html: "x", mediaType: "text/plain" }, "https://example.org/", "/object/mediaType"],
      [{ json: 1 }, "https://bob:secret@example.org/", "/target/address"],
      [{ json: 1 }, "ftp://example.org/", "/target/address"],
      [{ json: 1 }, "https://[::zz]/", "/target/address"],
    ] as const) {
      expect(await post(object, address)).toMatchObject({ code: "validation-failed", errors: [{ pointer }] });
    }
    for (const host of ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"]) {
      const result = await post({ json: 1 }, `http://${host}:${receiver.port}/`);
      expect([host, result.status, (result.error as { code?: string })?.code]).toEqual([
        host,
        "failed",
        "address-blocked",
      ]);
    }
    expect(receiver.received).toEqual([]);
  });
});
