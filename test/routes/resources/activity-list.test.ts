import { createHmac } from "node:crypto";
import { SignJWT } from "jose";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gateway } from "../../support/gateway.ts";

let gw: Awaited<ReturnType<typeof gateway>>;
let key: string;
beforeAll(async () => {
  gw = await gateway({ PLATFORMS: "+dummy" });
  ({ key } = await gw.registry.createApp("shop", ["send", "listen", "accounts", "tokens"]));
});
afterAll(() => gw.stop());

const headersOf = (as: string) => ({ Authorization: `Bearer ${as}`, "Content-Type": "application/json" });
const call = async (path: string, as = key) => request(gw.url).get(`/gateway${path}`).set(headersOf(as));
const list = async (query = "", as = key) => {
  const { status, body, text } = await call(`/activities${query}`, as);
  expect(status, text).toBe(200);
  return body;
};
const ridsOf = (answer: { activities: ReadonlyArray<{ rid: unknown }> }) => answer.activities.map(({ rid }) => rid);

/** Posts and waits for the result. */
const ended = async (more: object) => {
  const activity = {
    platform: "dummy",
    verb: "echo",
    actor: { address: "shop" },
    target: { address: "bob" },
    object: { body: "Hi" },
    ...more,
  };
  const headers = { ...headersOf(key), Prefer: "wait=20" };
  const { status, text } = await request(gw.url).post("/gateway/activities").set(headers).send(activity);
  expect(status, text).toBe(200);
};

function token(claims: object): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const [, id = ""] = key.split("_");
  return new SignJWT({ sub: "visitor", iat: now, exp: now + 300, ...claims })
    .setProtectedHeader({ alg: "HS256", kid: id })
    .sign(createHmac("sha256", key).update("listener").digest());
}

describe("GET /activities", () => {
  it("lists the app's own activities, newest first, without their content", async () => {
    await ended({ rid: 1, object: { body: "a secret word" } });
    await ended({ rid: "two", target: [{ address: "ann" }, { address: "Carl" }] });
    const answer = await list();
    expect(ridsOf(answer)).toEqual(["two", 1]);
    expect(JSON.stringify(answer)).not.toContain("secret word");
    expect(answer.activities[1]).toMatchObject({
      status: "sent",
      platform: "dummy",
      verb: "echo",
      actor: { address: "shop" },
      target: [{ address: "bob", status: "sent" }],
      attempts: 1,
      ended: expect.any(String),
    });
    const other = await gw.keyOf("other");
    expect(await list("", other)).toEqual({ activities: [] });
  });

  it("finds a failed activity and its reason by the target's address", async () => {
    await ended({ rid: "lost", verb: "fail", target: { address: "Zoe@example.org" }, object: { kind: "permanent" } });
    const { activities } = await list("?target=zoe@example.org");
    expect(activities).toMatchObject([{ rid: "lost", status: "failed", error: { retryable: false } }]);
    expect(ridsOf(await list("?status=failed&status=unknown&platform=dummy&verb=fail"))).toEqual(["lost"]);
    expect(ridsOf(await list("?status=sent&target=zoe@example.org"))).toEqual([]);
  });

  it("takes ranges of time and pages", async () => {
    const [first, ...rest] = ridsOf(await list());
    const page = await list("?limit=1");
    expect(ridsOf(page)).toEqual([first]);
    expect(ridsOf(await list(`?after=${encodeURIComponent(page.next)}`))).toEqual(rest);
    expect(ridsOf(await list("?since=2000-01-01&until=2001-01-01T00:00:00Z"))).toEqual([]);
    expect(ridsOf(await list("?since=2000-01-01T00:00:00%2B01:00"))).toEqual([first, ...rest]);
  });

  it.each([
    ["?statuss=sent", "/statuss"],
    ["?status=gone", "/status"],
    ["?since=yesterday", "/since"],
    ["?until=2030-13-40", "/until"],
    ["?after=x", "/after"],
    ["?limit=0", "/limit"],
    ["?limit=101", "/limit"],
    ["?limit=1&limit=2", "/limit"],
    ["?target=", "/target"],
  ])("refuses %s and points at the parameter", async (query, pointer) => {
    const { status, body } = await call(`/activities${query}`);
    expect({ status, code: body.code, pointer: body.errors?.[0]?.pointer }).toEqual({
      status: 400,
      code: "bad-parameter",
      pointer,
    });
  });

  it("shows a token what its limits cover; one that only sends sees no list", async () => {
    await ended({ rid: "mine", actor: { address: "visitor" } });
    expect(ridsOf(await list("", await token({ scope: "listen", actors: ["visitor"] })))).toEqual(["mine"]);
    expect(ridsOf(await list("?actor=shop", await token({ scope: "listen", actors: ["visitor"] })))).toEqual([]);
    expect((await call("/activities", await token({ scope: "send" }))).status).toBe(403);
  });
});

describe("GET /activities/{rid}", () => {
  it("tells what happened, step by step, and why it was deferred", async () => {
    const object = { kind: "retryable", retryAfterMs: 50, times: 2, body: "Hi" };
    await ended({ rid: "steps", verb: "fail", object });
    const { body } = await call("/activities/steps");
    expect(body.timeline.map(({ step, status }: Record<string, string>) => `${step} ${status}`)).toEqual([
      "accepted queued",
      "deferred deferred",
      "deferred deferred",
      "sending sending",
      "result sent",
    ]);
    expect(body.timeline[1]).toMatchObject({ attempts: 1, error: { retryable: true }, retryAt: expect.any(String) });
    expect(body.timeline.at(-1)).toMatchObject({ attempts: 3 });
  });

  it("refuses parameters, since it takes none", async () => {
    expect((await call("/activities/steps?verbose=1")).status).toBe(400);
  });
});

describe("GET /activities with HISTORY=off", () => {
  it("says that the list is off", async () => {
    const off = await gateway({ PLATFORMS: "+dummy", HISTORY: "off" }, { works: false });
    const { status, body } = await request(off.url)
      .get("/gateway/activities")
      .set(headersOf(await off.keyOf("shop")));
    expect([status, body.code]).toEqual([503, "not-configured"]);
    await off.stop();
  });
});
