import { createHmac } from "node:crypto";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adminTokens } from "../../src/console/admin-tokens.ts";
import type { Scope } from "../../src/model/caller.ts";
import { gateway } from "../support/gateway.ts";

type Requirement = {
  readonly key?: readonly Scope[];
  readonly token?: readonly Scope[];
  readonly admin?: readonly [];
};
interface Operation {
  readonly method: string;
  readonly path: string;
  /** Scopes that the operation needs together. */
  readonly scopes: readonly Scope[];
  /** Whether listener tokens may be used at all. */
  readonly takesTokens: boolean;
}

const METHODS = ["get", "put", "post", "delete"] as const;
const ENDED = "/events";

describe("each operation of the document", () => {
  let gw: Awaited<ReturnType<typeof gateway>>;
  let key: string;
  let clients = 0;

  beforeAll(async () => {
    gw = await gateway({ PLATFORMS: "+dummy", TRUST_PROXY: "loopback" }, { works: false });
    key = await gw.keyOf("owner");
  });
  afterAll(() => gw.stop());

  const operations = (): Operation[] =>
    Object.entries(gw.document.paths ?? {}).flatMap(([path, item]) =>
      METHODS.flatMap((method) => {
        const { security } = (item as Record<string, { security?: Requirement[] }>)[method] ?? {};
        const scopes = security?.find((requirement) => requirement.key !== undefined)?.key;
        if (scopes === undefined || path === "/socket") return [];
        const takesTokens = security?.some((requirement) => requirement.token !== undefined) ?? false;
        return [
          { method, path: path.replace("{platform}", "twitter").replace(/\{\w+\}/g, "none"), scopes, takesTokens },
        ];
      }),
    );

  /** Operations of administration, which need an admin token. */
  const administrative = (): Operation[] =>
    Object.entries(gw.document.paths ?? {}).flatMap(([path, item]) =>
      METHODS.flatMap((method) => {
        const { security } = (item as Record<string, { security?: Requirement[] }>)[method] ?? {};
        if (security?.every(({ admin }) => admin !== undefined) !== true) return [];
        return [{ method, path: path.replace(/\{\w+\}/g, "none"), scopes: [], takesTokens: false }];
      }),
    );

  /** Asks from a new address unless one is named. Wrong credentials are counted by address. */
  function ask({ method, path }: Operation, credential?: string, client?: string): Promise<Response> {
    clients += 1;
    return fetch(`${gw.url}/gateway${path}`, {
      method: method.toUpperCase(),
      redirect: "manual",
      headers: {
        Accept: "application/json",
        "X-Forwarded-For": client ?? `203.0.${clients >> 8}.${clients & 255}`,
        ...(credential === undefined ? {} : { Authorization: `Bearer ${credential}` }),
        ...(method === "post" || method === "put" ? { "Content-Type": "application/json" } : {}),
      },
      ...(method === "post" || method === "put" ? { body: "{}" } : {}),
    });
  }

  /** Signs a listener token as an app's own server does. */
  function token(claims: { scope: string; exp?: number; jti?: string }, owner = key): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    const [, id = ""] = owner.split("_");
    return new SignJWT({ sub: "visitor", jti: "t1", iat: now - 120, exp: now + 300, ...claims })
      .setProtectedHeader({ alg: "HS256", kid: id })
      .sign(createHmac("sha256", owner).update("listener").digest());
  }

  const statusesOf = async (credential: string | undefined) => {
    const answers: Array<readonly [what: string, status: number]> = [];
    for (const operation of operations()) {
      const response = await ask(operation, credential);
      await response.body?.cancel();
      answers.push([`${operation.method} ${operation.path}`, response.status]);
    }
    return answers;
  };
  const all = (status: number) => operations().map(({ method, path }) => [`${method} ${path}`, status]);

  it("is refused with 401 without a key, or with one that is wrong, mistyped or signed by nobody", async () => {
    expect(operations().length).toBeGreaterThan(20);
    const stranger = key.replace(/_[^_]+_/, (secret) => `_${[...secret.slice(1, -1)].reverse().join("")}_`);
    const unsigned = `${btoa('{"alg":"none"}')}.${btoa('{"sub":"a"}')}.`.replaceAll("=", "");
    for (const wrong of [undefined, "dgm_AAAAAAAAAAAA_wrong_000000", stranger, unsigned, "rubbish"])
      expect(await statusesOf(wrong)).toEqual(all(401));
  });

  it("is refused with 403 with a key that lacks its scope, and with no other", async () => {
    for (const scope of ["send", "listen", "accounts", "tokens"] as const) {
      const narrow = await gw.keyOf(`only-${scope}`, [scope]);
      for (const operation of operations()) {
        // A token for listening can't be made with a key that may not listen.
        if (operation.path === "/tokens" && scope === "tokens") continue;
        const response = await ask(operation, narrow);
        await response.body?.cancel();
        const what = `${operation.method} ${operation.path} with ${scope}`;
        expect([what, response.status === 403]).toEqual([what, operation.scopes.some((needed) => needed !== scope)]);
        expect([401, 500]).not.toContain(response.status);
      }
    }
  });

  it("is refused with 403 with a token where tokens may not be used, or that lacks the scope", async () => {
    for (const scope of ["send", "listen"] as const) {
      const narrow = await token({ scope });
      for (const operation of operations()) {
        const response = await ask(operation, narrow);
        await response.body?.cancel();
        const what = `${operation.method} ${operation.path} with ${scope}`;
        const isAllowed = operation.takesTokens && operation.scopes.every((needed) => needed === scope);
        expect([what, response.status === 403]).toEqual([what, !isAllowed]);
      }
    }
  });

  it("of administration takes admin tokens only, and no other operation takes one", async () => {
    const admin = await adminTokens({ redis: gw.client }).create({ name: "deploy", role: "admin" }, 1);
    const strangers = [undefined, key, await token({ scope: "listen send" }), "rubbish"];
    expect(administrative().length).toBeGreaterThan(3);
    for (const operation of administrative()) {
      const statuses = [];
      for (const credential of strangers) statuses.push((await ask(operation, credential)).status);
      expect([operation.path, ...statuses]).toEqual([operation.path, ...strangers.map(() => 401)]);
      expect([401, 403]).not.toContain((await ask(operation, admin?.text)).status);
    }
    expect(await statusesOf(admin?.text)).toEqual(all(401));
  });

  it("is refused with 401 with a token that has expired or was revoked; the stream ends with 204", async () => {
    const past = Math.floor(Date.now() / 1_000) - 90;
    const expired = await token({ scope: "listen send", exp: past });
    const revoked = await token({ scope: "listen send", jti: "revoked" });
    await fetch(`${gw.url}/gateway/revocations`, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      body: JSON.stringify({ jti: "revoked" }),
    });
    for (const ended of [expired, revoked]) expect(await statusesOf(ended)).toEqual(all(401));
    for (const ended of [expired, revoked]) {
      const headers = { Authorization: `Bearer ${ended}`, Accept: "text/event-stream" };
      const stream = await fetch(`${gw.url}/gateway${ENDED}`, { headers });
      expect([stream.status, await stream.text()]).toEqual([204, ""]);
    }
  });

  it("tells another app's key nothing of what belongs to this one", async () => {
    const rid = "owned";
    const activity = {
      rid,
      platform: "dummy",
      verb: "echo",
      actor: { address: "a" },
      target: { address: "b" },
      object: {},
    };
    const post = (path: string, method: string, body: object) =>
      fetch(`${gw.url}/gateway${path}`, {
        method,
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
    expect((await post("/activities", "POST", activity)).status).toBe(202);
    expect((await post(`/hooks/${rid}`, "PUT", { url: "https://example.org/" })).status).toBe(201);
    const other = await gw.keyOf("other");
    for (const operation of operations().filter(({ path }) => /\/(activities|hooks)\/none/.test(path))) {
      if (operation.method === "put") continue;
      const owned = await ask({ ...operation, path: operation.path.replace("none", rid) }, other);
      const unknown = await ask(operation, other);
      // A body that does not fit is refused before anything is looked up.
      const texts = [await owned.text(), await unknown.text()].map((text) => text.replaceAll(rid, "none"));
      expect([operation.path, owned.status, texts[0]]).toEqual([operation.path, unknown.status, texts[1]]);
      expect([404, 422]).toContain(owned.status);
    }
  });

  it("answers 429 to an address that guesses, and goes on serving a right key from it", async () => {
    const [operation] = operations() as [Operation];
    const client = "198.51.100.7";
    const statuses: number[] = [];
    for (let guess = 0; guess < 25; guess++) {
      const response = await ask(operation, `dgm_AAAAAAAAAAAA_guess${guess}_000000`, client);
      if (response.status === 429) expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
      await response.body?.cancel();
      statuses.push(response.status);
    }
    expect(statuses.slice(0, 20)).toEqual(Array.from({ length: 20 }, () => 401));
    expect(statuses.slice(20)).toEqual(Array.from({ length: 5 }, () => 429));
    const right = await ask(operation, key, client);
    await right.body?.cancel();
    expect([401, 429]).not.toContain(right.status);
  });
});
