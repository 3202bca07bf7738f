import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { silentLog } from "../../../../../src/model/log.ts";
import type { VerificationSecrets } from "../../../../../src/platform/inbound-webhook.ts";
import type { PollContext } from "../../../../../src/platform/platform.ts";
import { linkHeaderHints } from "../../../../../src/platforms/feeds/client/document/publisher-hints.ts";
import type { HubState } from "../../../../../src/platforms/feeds/inbound/state.ts";
import { advertisedHub, ensureSubscribed, teardown } from "../../../../../src/platforms/feeds/inbound/websub.ts";
import { loopbackEgress } from "../../../../support/loopback-egress.ts";
import { type Answer, webServer } from "../../../../support/web-server.ts";

const DAY = 86_400_000;
const guard = loopbackEgress();
let answer: Answer = { status: 202 };
let server: Awaited<ReturnType<typeof webServer>>;
beforeAll(async () => {
  server = await webServer(() => answer);
});
beforeEach(() => {
  server.requests.length = 0;
  answer = { status: 202 };
});
afterAll(async () => {
  await guard.close();
  await server.stop();
});

/** Endpoint in memory. */
function memoryEndpoint() {
  let secrets: VerificationSecrets | undefined;
  return {
    open: async (newSecrets: VerificationSecrets) => {
      secrets = newSecrets;
      return `${server.origin}/door`;
    },
    secrets: async () => secrets,
    close: async () => {
      secrets = undefined;
    },
  };
}
const polling = (overrides: Partial<PollContext> = {}): PollContext => ({
  ...guard,
  app: "app1",
  state: undefined,
  signal: new AbortController().signal,
  log: silentLog,
  triggered: false,
  hint: undefined,
  ...overrides,
});
const offer = () => ({ hub: `${server.origin}/hub`, topic: "https://example.com/feed" });
const agreed = (at: number, seconds = 864_000) => `agreed ${at} ${seconds}`;

it("ensureSubscribed requests once and renews when a fifth of the lease is left", async () => {
  const endpoint = memoryEndpoint();
  const now = Date.now();
  const first = await ensureSubscribed(undefined, offer(), polling({ endpoint }), now);
  expect(server.requests).toEqual(["/hub"]);
  const secret = (await endpoint.secrets())?.secret;
  const note = agreed(now + 1_000);
  const second = await ensureSubscribed(first.hub, offer(), polling({ endpoint, hint: note }), now + DAY);
  expect(second).toMatchObject({ isLive: true, renewAt: now + 1_000 + 8 * DAY });
  // Also when the feed was not read (304).
  const third = await ensureSubscribed(second.hub, undefined, polling({ endpoint, hint: note }), now + 8 * DAY);
  expect(third).toEqual(second);
  expect(server.requests).toHaveLength(1);
  const fourth = await ensureSubscribed(third.hub, undefined, polling({ endpoint, hint: note }), now + 8 * DAY + 2_000);
  expect(fourth.isLive).toBe(true);
  expect(server.requests).toHaveLength(2);
  expect((await endpoint.secrets())?.secret).toBe(secret);
  const renewed = agreed(now + 8 * DAY + 3_000);
  const fifth = await ensureSubscribed(fourth.hub, undefined, polling({ endpoint, hint: renewed }), now + 15 * DAY);
  expect(fifth).toMatchObject({ isLive: true, hub: { tries: 0 } });
  expect(server.requests).toHaveLength(2);
});

it.each([
  ["does not confirm", { status: 202 }],
  ["is broken", { status: 500 }],
  ["redirects inside", { status: 307, headers: { Location: "http://169.254.169.254/" } }],
])("ensureSubscribed retries a hub that %s with growing pauses, and breaks no poll", async (_, response) => {
  answer = response;
  const endpoint = memoryEndpoint();
  let hub: HubState | undefined;
  const start = Date.now();
  for (let minutes = 0; minutes < 8 * 60; minutes += 15) {
    const state = await ensureSubscribed(hub, offer(), polling({ endpoint }), start + minutes * 60_000);
    expect(state.isLive).toBe(false);
    hub = state.hub;
  }
  // At once, then after 15 min, 30 min, 1 h, 2 h and 4 h.
  expect(server.requests).toHaveLength(6);
});

it("ensureSubscribed waits a day after a denial, and closes the endpoint of a hub that the feed no longer names", async () => {
  const endpoint = memoryEndpoint();
  const now = Date.now();
  const { hub } = await ensureSubscribed(undefined, offer(), polling({ endpoint }), now);
  const denied = polling({ endpoint, hint: `denied ${now + 1_000}` });
  await ensureSubscribed(hub, undefined, denied, now + DAY / 2);
  expect(server.requests).toHaveLength(1);
  await ensureSubscribed(hub, undefined, denied, now + DAY + 1);
  expect(server.requests).toHaveLength(2);
  expect(await ensureSubscribed(hub, { topic: "https://example.com/feed" }, polling({ endpoint }), now)).toEqual({
    isLive: false,
  });
  expect(await endpoint.secrets()).toBeUndefined();
});

it("ensureSubscribed requests nothing without an endpoint, nor from private networks", async () => {
  expect(await ensureSubscribed(undefined, offer(), polling(), Date.now())).toEqual({ isLive: false });
  const inside = { hub: "http://169.254.169.254/hub", topic: "https://example.com/feed" };
  expect(await ensureSubscribed(undefined, inside, polling({ endpoint: memoryEndpoint() }), Date.now())).toMatchObject({
    isLive: false,
  });
  expect(server.requests).toEqual([]);
});

it("teardown unsubscribes, and closes the endpoint after the hub's confirmation or the last try", async () => {
  for (const answers of [true, false]) {
    server.requests.length = 0;
    const endpoint = memoryEndpoint();
    const { hub } = await ensureSubscribed(undefined, offer(), polling({ endpoint }), Date.now());
    let state = JSON.stringify({ n: 1, read: 1, changed: 1, known: "", hub });
    let rounds = 0;
    for (;;) {
      const note = answers && rounds > 0 ? "left" : undefined;
      const end = await teardown("x", polling({ endpoint, state, ...(note ? { hint: note } : {}) }));
      if (!end) break;
      expect((await endpoint.secrets())?.mode).toBe("unsubscribe");
      state = end.state;
      rounds += 1;
    }
    expect(rounds).toBe(answers ? 1 : 3);
    expect(await endpoint.secrets()).toBeUndefined();
    expect(server.requests).toHaveLength(1 + rounds);
  }
});

it("advertisedHub prefers Link headers to the document", () => {
  const header = '<https://hub.example/>; rel="hub", </feed>; rel=self, <https://other.example/>; rel="next hub"';
  const linked = linkHeaderHints(header, "https://example.com/x");
  expect(linked).toEqual({ hub: "https://hub.example/", self: "https://example.com/feed" });
  const inside = { hub: "https://inside.example/", self: "https://example.com/self" };
  expect(advertisedHub(linked, inside, "u")).toEqual({
    hub: "https://hub.example/",
    topic: "https://example.com/feed",
  });
  expect(advertisedHub({}, inside, "u")).toEqual({ hub: inside.hub, topic: inside.self });
  expect(advertisedHub({}, {}, "u")).toEqual({ topic: "u" });
  expect(linkHeaderHints("<javascript:alert(1)>; rel=hub", "https://example.com/")).toEqual({});
});
