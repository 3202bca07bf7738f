import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gateway } from "../../support/gateway.ts";

describe("answers of the API", () => {
  let gw: Awaited<ReturnType<typeof gateway>>;
  let key: string;
  beforeAll(async () => {
    gw = await gateway({ PLATFORMS: "+dummy", RATE: "50" }, { works: false });
    key = await gw.keyOf("app");
  });
  afterAll(() => gw.stop());

  const activity = { platform: "dummy", verb: "echo", actor: { address: "a" }, target: { address: "b" }, object: {} };
  const post = (body: object, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${gw.url}/gateway/activities`, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  const refusal = async (body: object) => {
    const answer = await post(body);
    expect(answer.status).toBe(422);
    return (await answer.json()) as { detail: string; errors: ReadonlyArray<{ pointer: string; detail: string }> };
  };

  it("repeat the request's id on every path, and replace one that no log should hold", async () => {
    const idOf = async (path: string, id: string) =>
      (await fetch(`${gw.url}${path}`, { headers: { "X-Request-Id": id } })).headers.get("x-request-id");
    for (const path of ["/gateway/platforms", "/gateway/nothing", "/healthz", "/gateway/events"]) {
      expect(await idOf(path, "checkout-17"), path).toBe("checkout-17");
      expect(await idOf(path, "<script>"), path).toMatch(/^[0-9a-f-]{36}$/);
    }
    expect((await post(activity, { "X-Request-Id": "order/4711" })).headers.get("x-request-id")).toBe("order/4711");
  });

  it("name the version that answers", async () => {
    expect((await fetch(`${gw.url}/gateway/platforms`)).headers.get("dragoman-version")).toBe("0.0.0");
  });

  it("tell an app its rate and what is left of it", async () => {
    const answer = await post(activity);
    expect(answer.status).toBe(202);
    expect(answer.headers.get("ratelimit-policy")).toBe('"activities";q=50;w=1');
    const left = /^"activities";r=(\d+);t=[01]$/.exec(answer.headers.get("ratelimit") ?? "")?.[1];
    expect(Number(left)).toBeLessThan(50);
  });

  it("say that a target or actor given as a text must be an object", async () => {
    const hint = 'must be an object such as {"address": "bob@example.com"}, not a text';
    expect((await refusal({ ...activity, target: "b@example.org" })).errors).toEqual([
      { pointer: "/target", detail: hint },
    ]);
    expect((await refusal({ ...activity, target: [{ address: "a" }, "b"] })).errors).toEqual([
      { pointer: "/target/1", detail: hint },
    ]);
    expect((await refusal({ ...activity, actor: "a" })).errors).toEqual([{ pointer: "/actor", detail: hint }]);
  });

  it("name an unknown property, but repeat no other input", async () => {
    expect((await refusal({ ...activity, tagret: 1 })).detail).toContain(
      "the property tagret, which is not known here",
    );
    expect((await refusal({ ...activity, "<b>": 1 })).detail).not.toContain("<b>");
  });

  it("refuse a parameter that a list does not know, which would list everything", async () => {
    for (const path of ["accounts", "dead-letters", "hooks/orders/deliveries"]) {
      const answer = await fetch(`${gw.url}/gateway/${path}?limt=1`, { headers: { Authorization: `Bearer ${key}` } });
      expect(await answer.json(), path).toMatchObject({ code: "bad-parameter", errors: [{ pointer: "/limt" }] });
    }
  });

  it("tell whoever misses the path where all paths begin", async () => {
    const answer = (await (await fetch(`${gw.url}/activities`)).json()) as { detail: string };
    expect(answer.detail).toContain("Paths begin with /gateway.");
  });
});
