import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gateway } from "../../support/gateway.ts";

type Operation = { readonly security?: readonly object[] };
const METHODS = ["get", "put", "post", "delete"] as const;

describe("private answers", () => {
  let gw: Awaited<ReturnType<typeof gateway>>;
  let key: string;
  beforeAll(async () => {
    gw = await gateway({ PLATFORMS: "+dummy" }, { works: false });
    key = await gw.keyOf("app");
    await call("post", "/activities", key, { rid: "known", platform: "dummy", verb: "echo", ...message });
  });
  afterAll(() => gw.stop());

  const message = { actor: { address: "a" }, target: { address: "b" }, object: { body: "Hi" } };
  const call = (method: string, path: string, token?: string, body?: object) =>
    fetch(`${gw.url}/gateway${path}`, {
      method: method.toUpperCase(),
      redirect: "manual",
      headers: {
        Accept: "application/json",
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...(body ? { "Content-Type": "application/json" } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  /** Operations of the document that need a credential, with their path's parameters filled. */
  const operations = () =>
    Object.entries(gw.document.paths ?? {}).flatMap(([path, item]) =>
      METHODS.flatMap((method) => {
        const operation = (item as Record<string, Operation>)[method];
        const { security = [] } = operation ?? {};
        const isPrivate = security.length > 0 && security.every((way) => Object.keys(way).length > 0);
        return isPrivate ? [[method, path.replace("{platform}", "twitter").replace(/\{\w+\}/g, "known")] as const] : [];
      }),
    );
  const expectPrivate = async (what: string, answer: Response) => {
    await answer.body?.cancel();
    expect([what, answer.headers.get("cache-control")]).toEqual([what, expect.stringMatching(/(^|, )no-store(,|$)/)]);
    expect([what, answer.headers.get("x-content-type-options")]).toEqual([what, "nosniff"]);
  };

  it("are neither stored nor sniffed, whatever an operation of the document answers", async () => {
    const seen = new Set<number>();
    expect(operations().length).toBeGreaterThan(20);
    for (const [method, path] of operations()) {
      const bodies = method === "post" || method === "put" ? [{}, { no: "such field" }] : [undefined];
      for (const token of [key, "dgm_wrong", undefined]) {
        for (const body of bodies) {
          const answer = await call(method, path, token, body);
          seen.add(answer.status);
          await expectPrivate(`${method} ${path} ${answer.status}`, answer);
        }
      }
      await expectPrivate(`patch ${path}`, await call("patch", path, key));
    }
    for (const status of [200, 201, 401, 404, 422]) expect([...seen]).toContain(status);
  });

  it("of streams, ended tokens and unknown paths are neither stored nor sniffed", async () => {
    const headers = { Authorization: `Bearer ${key}`, Accept: "text/event-stream" };
    await expectPrivate("stream", await fetch(`${gw.url}/gateway/events`, { headers }));
    const { token, jti } = (await (await call("post", "/tokens", key, {})).json()) as Record<string, string>;
    await call("post", "/revocations", key, { jti });
    const ended = await fetch(`${gw.url}/gateway/events`, {
      headers: { ...headers, Authorization: `Bearer ${token}` },
    });
    expect(ended.status).toBe(204);
    await expectPrivate("ended token", ended);
    await expectPrivate("nowhere", await call("get", "/nowhere", key));
  });

  it("GET /platforms stays public", async () => {
    const answer = await call("get", "/platforms");
    await answer.body?.cancel();
    expect(answer.headers.get("cache-control")).toBe("public, max-age=60");
  });
});
