import { describe, expect, it } from "vitest";
import { leaseOf, webSubCallback } from "../../../../../src/platforms/feeds/inbound/websub-callback.ts";
import { hubSignature } from "../../../../support/websub-hub.ts";

const secrets = { secret: "s3cret", topic: "https://example.com/feed", mode: "subscribe" };
const endpoint = { app: "-", subject: "id" };
const ask = (query: Record<string, string>, overrides = {}) =>
  webSubCallback.receive(
    { method: "GET", query: new URLSearchParams(query), headers: {}, body: Buffer.alloc(0) },
    { ...secrets, ...overrides },
    endpoint,
  );
const tell = (body: string, headers: Record<string, string>, overrides = {}) => {
  const lowered = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const pushed = { method: "POST" as const, query: new URLSearchParams(), headers: lowered, body: Buffer.from(body) };
  return webSubCallback.receive(pushed, { ...secrets, ...overrides }, endpoint);
};
const intent = {
  "hub.mode": "subscribe",
  "hub.topic": secrets.topic,
  "hub.challenge": "c4all3nge",
  "hub.lease_seconds": "864000",
};

describe("webSubCallback: verification of intent", () => {
  it("confirms a requested subscription with the challenge and keeps the lease", () => {
    const answer = ask(intent);
    expect(answer).toMatchObject({ status: 200, body: "c4all3nge" });
    const since = Date.now() - 1_000;
    const lease = leaseOf(answer.topic?.note, { since, asked: since });
    expect(lease).toMatchObject({ ms: 864_000_000, isCurrent: true, isDenied: false });
    expect(leaseOf(answer.topic?.note, { since: Date.now() + 3_600_000, asked: 0 }).until).toBe(0);
  });

  it.each([
    ["another topic", { "hub.topic": "https://example.com/other" }, 404],
    ["another mode", { "hub.mode": "unsubscribe" }, 404],
    ["no challenge", { "hub.challenge": "" }, 400],
    ["a challenge that is a page", { "hub.challenge": "<p>x y</p>" }, 400],
    ["a long challenge", { "hub.challenge": "x".repeat(5_000) }, 400],
  ])("refuses %s", (_, query, status) => {
    expect(ask({ ...intent, ...query })).toEqual({ status });
  });

  it("bounds leases, and takes the default without one", () => {
    for (const [lease, seconds] of [
      ["1", 60],
      ["999999999", 30 * 86_400],
      ["x", 864_000],
      ["-5", 60],
    ] as const) {
      const { topic } = ask({ ...intent, "hub.lease_seconds": lease });
      expect(leaseOf(topic?.note, { since: 0, asked: 0 }).ms).toBe(seconds * 1_000);
    }
  });

  it("confirms an unsubscription only while leaving; records a denial", () => {
    const leaving = { ...intent, "hub.mode": "unsubscribe" };
    expect(ask(leaving, { mode: "unsubscribe" })).toMatchObject({ status: 200, topic: { note: "left", runNow: true } });
    const denied = ask({ "hub.mode": "denied", "hub.topic": secrets.topic });
    expect(leaseOf(denied.topic?.note, { since: 0, asked: 0 })).toMatchObject({ until: 0, isDenied: true });
    expect(ask({ "hub.mode": "denied", "hub.topic": "other" })).toEqual({ status: 404 });
  });
});

describe("webSubCallback: pushes", () => {
  it.each(["sha1", "sha256", "sha384", "sha512"])(
    "triggers a poll when signed by %s, without use of the content",
    (method) => {
      expect(tell("<rss/>", hubSignature(secrets.secret, "<rss/>", method))).toEqual({
        status: 200,
        topic: { runNow: true },
      });
    },
  );

  it.each([
    ["no signature", "x", {}],
    ["another secret's", "x", hubSignature("other", "x")],
    ["another body's", "x", hubSignature(secrets.secret, "y")],
    ["an unknown method", "x", { "X-Hub-Signature": `md5=${"0".repeat(40)}` }],
    ["a short one", "x", { "X-Hub-Signature": "sha256=00" }],
    ["a method that JavaScript knows", "x", { "X-Hub-Signature": `constructor=${"0".repeat(64)}` }],
  ])("refuses %s", (_, body, headers: Record<string, string>) => {
    expect(tell(body, headers)).toEqual({ status: 403 });
  });

  it("triggers no poll while leaving", () => {
    const signed = hubSignature(secrets.secret, "x");
    expect(tell("x", signed, { mode: "unsubscribe" })).toEqual({ status: 200, topic: { runNow: false } });
  });
});
