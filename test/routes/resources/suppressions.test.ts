import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gateway } from "../../support/gateway.ts";

let gw: Awaited<ReturnType<typeof gateway>>;
let key: string;
beforeAll(async () => {
  gw = await gateway({ PLATFORMS: "+dummy" }, { works: false });
  key = await gw.keyOf("shop");
});
afterAll(() => gw.stop());

async function call(method: string, path: string, body?: unknown, as = key) {
  const answer = await fetch(`${gw.url}/gateway${path}`, {
    method,
    headers: { Authorization: `Bearer ${as}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
}

describe("an app's suppressions", () => {
  it("are listed page by page", async () => {
    const addresses = ["a", "b", "c"].map((name) => `${name}@example.org`);
    for (const address of addresses) await call("POST", "/suppressions", { platform: "email", address });
    const first = await call("GET", "/suppressions?limit=2");
    const second = await call("GET", `/suppressions?limit=2&after=${first.body.next}`);
    expect(second.body.next).toBeUndefined();
    const listed = [...first.body.suppressions, ...second.body.suppressions];
    expect(listed.map(({ address }) => address).toSorted()).toEqual(addresses);
  });

  it("are nothing to other apps", async () => {
    const { body } = await call("POST", "/suppressions", { platform: "email", address: "own@example.org" });
    const rival = await gw.keyOf("rival");
    expect((await call("GET", "/suppressions", undefined, rival)).body).toEqual({ suppressions: [] });
    expect((await call("DELETE", `/suppressions/${body.id}`, undefined, rival)).status).toBe(404);
    expect((await call("GET", "/suppressions?address=own@example.org")).body.suppressions).toEqual([body]);
  });

  it("are ignored at the wish of an API key, not of a token", async () => {
    const activity = {
      platform: "dummy",
      verb: "echo",
      actor: { address: "alice" },
      target: { address: "bob" },
      object: { body: "Hi" },
      options: { suppressions: "ignore" },
    };
    const { token } = (await call("POST", "/tokens", { scope: "send" })).body;
    expect(await call("POST", "/activities", activity, token)).toMatchObject({
      status: 403,
      body: { code: "forbidden", detail: expect.stringContaining("API key") },
    });
    expect((await call("POST", "/activities", activity)).status).toBe(202);
    expect((await call("POST", "/activities", { ...activity, options: { suppressions: "no" } })).status).toBe(422);
  });
});
