import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gateway } from "../../support/gateway.ts";

describe("private answers", () => {
  let gw: Awaited<ReturnType<typeof gateway>>;
  let key: string;
  beforeAll(async () => {
    gw = await gateway({ PLATFORMS: "+dummy" }, { works: false });
    key = await gw.keyOf("app");
    await call("POST", "/activities", { rid: "known", platform: "dummy", verb: "send", ...message });
  });
  afterAll(() => gw.stop());

  const message = { actor: { address: "a" }, target: { address: "b" }, object: { body: "Hi" } };
  const call = (method: string, path: string, body?: object) =>
    fetch(`${gw.url}/gateway${path}`, {
      method,
      headers: { Authorization: `Bearer ${key}`, ...(body ? { "Content-Type": "application/json" } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });

  it.each([
    ["GET", "/activities/known", 200],
    ["GET", "/activities/unknown", 404],
    ["POST", "/activities", 422],
    ["DELETE", "/activities/known", 200],
    ["GET", "/accounts", 200],
    ["GET", "/accounts/acc_AAAAAAAAAAAAAAAAAAAAAA", 404],
    ["GET", "/hooks", 200],
    ["GET", "/hooks/unknown", 404],
    ["GET", "/dead-letters", 200],
    ["GET", "/dead-letters/unknown", 404],
    ["POST", "/tokens", 201],
    ["GET", "/events?wait=0", 200],
    ["GET", "/nowhere", 404],
    ["PATCH", "/accounts", 405],
  ])("%s %s (%i) is not stored and not sniffed", async (method, path, status) => {
    const answer = await call(method, path, method === "POST" ? {} : undefined);
    await answer.body?.cancel();
    expect(answer.status).toBe(status);
    expect(answer.headers.get("cache-control")).toMatch(/(^|, )no-store(,|$)/);
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  });

  it("GET /platforms stays public", async () => {
    const answer = await call("GET", "/platforms");
    await answer.body?.cancel();
    expect(answer.headers.get("cache-control")).toBe("public, max-age=60");
  });
});
