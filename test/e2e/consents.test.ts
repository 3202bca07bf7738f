import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Log } from "../../src/model/log.ts";
import { facebookSimulator, LOGIN, META_APP, PAGE } from "../support/facebook-simulator.ts";
import { gateway } from "../support/gateway.ts";
import { MAIL_CLIENT, mailProvider } from "../support/mail-provider.ts";
import { xSimulator } from "../support/x-simulator.ts";

const PUBLIC = "https://gw.example.org";
const BASE = "/deep/gateway";
const PAGE_OF_APP = "https://shop.example.org/connected.php?tab=mail#done";
const X_CLIENT = { clientId: "client-1", clientSecret: "client-secret-1" };
const META_CLIENT = { clientId: META_APP, appSecret: LOGIN.appSecret, verifyToken: LOGIN.verifyToken };
const mailClient = (more: object = {}) => ({ provider: "google", ...MAIL_CLIENT, address: "bob@example.com", ...more });

let gw: Awaited<ReturnType<typeof gateway>>;
let x: Awaited<ReturnType<typeof xSimulator>>;
let meta: Awaited<ReturnType<typeof facebookSimulator>>;
let mail: Awaited<ReturnType<typeof mailProvider>>;
let key: string;
const logged: string[] = [];
const noted = (fields: object, sentence: string) => {
  const seen = (_: string, value: unknown) => (value instanceof Error ? `${value.stack} ${value.cause}` : value);
  logged.push(`${sentence} ${JSON.stringify(fields, seen)}`);
};
const log: Log = { debug: noted, info: noted, warn: noted, error: noted, child: () => log };

beforeAll(async () => {
  [x, meta, mail] = await Promise.all([xSimulator(), facebookSimulator(), mailProvider()]);
  const env = {
    PUBLIC_URL: `${PUBLIC}/`,
    BASE_PATH: BASE,
    ALLOWED_ORIGINS: "https://shop.example.org",
    TRUST_PROXY: "1",
    ALLOW_PRIVATE: "127.0.0.0/8",
    X_API_URL: x.origin,
    FACEBOOK_API_URL: meta.url,
  };
  gw = await gateway(env, { mailProviders: mail.providers, log });
  key = await gw.keyOf("shop");
});
afterAll(async () => {
  await gw.stop();
  await Promise.all([x.stop(), meta.stop(), mail.stop()]);
});

const ask = (path: string, init: RequestInit & { readonly as?: string } = {}) =>
  fetch(`${gw.url}${BASE}${path}`, {
    ...init,
    redirect: "manual",
    headers: { Authorization: `Bearer ${init.as ?? key}`, "Content-Type": "application/json", ...init.headers },
  });
const begin = (platform: string, body: object, as = key) =>
  ask(`/accounts/${platform}/connect`, { method: "POST", body: JSON.stringify(body), as });
async function begun(platform: string, client: object, more: object = {}) {
  const answer = await begin(platform, { client, ...more });
  const body = (await answer.json()) as { url: string; redirectUri: string; consent: string };
  expect([answer.status, answer.headers.get("location")]).toEqual([303, body.url]);
  return { ...body, state: new URL(body.url).searchParams.get("state") ?? "" };
}
/** The user's browser, sent back by the network through the operator's proxy: without any key. */
const comeBack = (platform: string, query: Record<string, string>, method = "GET", from = "203.0.113.7") =>
  fetch(`${gw.url}${BASE}/accounts/${platform}/callback?${new URLSearchParams(query)}`, {
    method,
    redirect: "manual",
    headers: { "X-Forwarded-For": from, "X-Forwarded-Proto": "https" },
  });
const proofIn = (answer: Response) => new URL(answer.headers.get("location") ?? "").searchParams.get("proof") ?? "";
const outcome = async (platform: string, proof: string, as = key) => {
  const answer = await ask(`/accounts/${platform}/connect/${proof}`, { as });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};
const xCode = (url: string, user = "34") => {
  const params = new URL(url).searchParams;
  return x.oauth2.code(user, params.get("code_challenge") ?? "", params.get("redirect_uri") ?? "");
};
const accounts = async () => {
  const { accounts: all } = (await (await ask("/accounts")).json()) as { accounts: Array<Record<string, unknown>> };
  return all;
};
const perform = async (activity: object) => {
  const answer = await ask("/activities", {
    method: "POST",
    body: JSON.stringify(activity),
    headers: { Prefer: "wait=25" },
  });
  return (await answer.json()) as Record<string, unknown>;
};

describe("a complete consent", () => {
  it("at X leads from the app's call through the user's browser to a post by the account", async () => {
    const { url, redirectUri, consent, state } = await begun("x", X_CLIENT, { returnTo: PAGE_OF_APP });
    expect(redirectUri).toBe(`${PUBLIC}${BASE}/accounts/twitter/callback`);
    const back = await comeBack("twitter", { state, code: xCode(url) });
    expect(back.status).toBe(303);
    const { origin, pathname, searchParams, hash } = new URL(back.headers.get("location") ?? "");
    expect([origin, pathname, hash, [...searchParams.keys()]]).toEqual([
      "https://shop.example.org",
      "/connected.php",
      "#done",
      ["tab", "proof"],
    ]);
    const { body } = await outcome("twitter", proofIn(back));
    expect(body).toEqual({ consent, status: "connected", accounts: [{ id: expect.any(String), address: "@alice" }] });
    expect(
      await perform({ platform: "x", verb: "post", actor: { address: "@alice" }, object: { body: "Hi" } }),
    ).toMatchObject({ status: "sent" });
    expect(x.posts.at(-1)).toMatchObject({ author: "34", text: "Hi" });
  });

  it.each(["google", "microsoft"])("at %s yields a mail account that sends", async (provider) => {
    const address = `bob@${provider}.example`;
    const tenant = provider === "microsoft" ? { tenant: "contoso.example" } : {};
    const { url, state } = await begun("email", mailClient({ provider, address, ...tenant }), {
      returnTo: PAGE_OF_APP,
    });
    expect(Object.fromEntries(new URL(url).searchParams)).toMatchObject({
      code_challenge_method: "S256",
      login_hint: address,
    });
    const back = await comeBack("email", {
      state,
      code: mail.consent(url, address),
      scope: "mail",
      session_state: "1",
    });
    expect((await outcome("email", proofIn(back))).body).toMatchObject({ status: "connected" });
    expect(mail.requests.at(-1)?.path).toBe(provider === "google" ? "/google/token" : "/contoso.example/v2.0/token");
    const target = { address: "foo@bar.com" };
    const letter = { platform: "email", verb: "send", actor: { address }, target, object: { body: "Hi" } };
    expect(await perform(letter)).toMatchObject({ status: "sent" });
  });

  it("at Facebook yields an account with a webhook endpoint for each Page, and tells the browser", async () => {
    const { state } = await begun("facebook", META_CLIENT);
    const back = await comeBack("facebook", { state, code: "good-code" });
    expect([back.status, back.headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
    expect(await back.text()).toContain("connected");
    const page = (await accounts()).find(({ address }) => address === PAGE);
    expect(page).toMatchObject({
      platform: "facebook",
      state: "stored",
      inbound: expect.stringContaining(`${BASE}/inbound/`),
    });
  });

  it("given again replaces the login as PUT does, and the account is listed once", async () => {
    const before = (await accounts()).length;
    const { url, state } = await begun("twitter", X_CLIENT, { online: false });
    expect((await comeBack("twitter", { state, code: xCode(url) })).status).toBe(200);
    expect(await accounts()).toHaveLength(before);
  });

  it("is described by the client schema in GET /platforms", async () => {
    for (const id of ["twitter", "email", "facebook"]) {
      const { consent } = (await (await ask(`/platforms/${id}`)).json()) as { consent: Record<string, unknown> };
      expect(Object.keys(consent)).toEqual(["schema", "example"]);
    }
    expect(await (await ask("/platforms/irc")).json()).not.toHaveProperty("consent");
  });
});

describe("a failed consent", () => {
  it("is refused at the start when it could not be completed", async () => {
    const code = async (platform: string, body: object, as?: string) => {
      const answer = await begin(platform, body, as);
      const problem = (await answer.json()) as { code: string; errors?: Array<{ pointer: string }> };
      return [answer.status, problem.code, problem.errors?.[0]?.pointer];
    };
    expect(await code("irc", { client: {} })).toEqual([404, "not-found", undefined]);
    expect(await code("twitter", { client: {} })).toEqual([422, "validation-failed", "/client/clientId"]);
    for (const returnTo of [
      "https://evil.example/",
      "https://shop.example.org.evil.example/",
      "https://shop.example.org:8443/",
    ])
      expect(await code("twitter", { client: X_CLIENT, returnTo })).toEqual([422, "validation-failed", "/returnTo"]);
    for (const returnTo of ["javascript:alert(1)", "//shop.example.org/", "/connected"])
      expect((await code("twitter", { client: X_CLIENT, returnTo }))[0]).toBe(422);
    expect(await code("facebook", { client: META_CLIENT, online: true })).toEqual([
      422,
      "validation-failed",
      "/online",
    ]);
    expect((await code("twitter", { client: X_CLIENT }, await gw.keyOf("sender", ["send"])))[0]).toBe(403);
  });

  it("reports a denial by the user and an error of the network", async () => {
    for (const [error, code] of [
      ["access_denied", "permission-denied"],
      ["invalid_scope", "platform-rejected"],
    ] as const) {
      const { state, consent } = await begun("twitter", X_CLIENT, { returnTo: PAGE_OF_APP });
      const back = await comeBack("twitter", { state, error, error_description: "<script>", code: "smuggled" });
      expect(new URL(back.headers.get("location") ?? "").searchParams.get("error")).toBe(code);
      expect((await outcome("twitter", proofIn(back))).body).toMatchObject({
        consent,
        status: "failed",
        error: { code, platformCode: error },
      });
    }
  });

  it("shows a safe page and stores no account when the token server refuses, breaks or answers invalid data", async () => {
    const before = await accounts();
    for (const [answer, expectedText] of [
      [{ status: 503, body: "<h1>Away</h1>" }, /token server/],
      [{ status: 200, body: "<script>alert(1)</script>" }, /token server/],
      [{ status: 400, body: '{"error":"invalid_grant","error_description":"<b>"}' }, /Start the consent again/],
      [{ status: 200, body: '{"access_token":"one-without-refresh"}' }, /no refresh token/],
    ] as const) {
      mail.failWith(answer);
      const { url, state } = await begun("email", mailClient({ address: "new@example.com" }));
      const back = await comeBack("email", { state, code: mail.consent(url, "new@example.com") });
      const page = await back.text();
      expect([back.status, back.headers.get("content-type"), back.headers.get("x-content-type-options")]).toEqual([
        422,
        "text/plain; charset=utf-8",
        "nosniff",
      ]);
      expect(page).toMatch(expectedText);
      expect(page).not.toMatch(/[<>]/);
    }
    mail.failWith(undefined);
    expect(await accounts()).toEqual(before);
  });

  it("with another mail account does not replace the stored login", async () => {
    const { url, state } = await begun("email", mailClient({ address: "bob@google.example" }));
    const back = await comeBack("email", { state, code: mail.consent(url, "mallory@google.example") });
    expect([back.status, await back.text()]).toEqual([422, expect.stringContaining("use the address")]);
    const target = { address: "foo@bar.com" };
    const letter = {
      platform: "email",
      verb: "send",
      actor: { address: "bob@google.example" },
      target,
      object: { body: "Hi" },
    };
    expect(await perform(letter)).toMatchObject({ status: "sent" });
  });
});

describe("access to a consent", () => {
  it("a state works once, also for simultaneous requests, and only at its own platform", async () => {
    const { url, state } = await begun("twitter", X_CLIENT);
    const code = xCode(url);
    // The state is unknown on the other platform, and stays valid after the attempt.
    for (const platform of ["facebook", "email", "irc", "x"])
      expect((await comeBack(platform, { state, code })).status).toBe(404);
    expect((await comeBack("twitter", { state: "" })).status).toBe(400);
    expect((await comeBack("twitter", { state, code }, "HEAD")).status).toBe(405);
    expect((await comeBack("twitter", { state, code }, "POST")).status).toBe(405);
    const both = await Promise.all([comeBack("twitter", { state, code }), comeBack("twitter", { state, code })]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 404]);
    expect((await comeBack("twitter", { state, code })).status).toBe(404);
  });

  it("a proof works for the starting app and platform only", async () => {
    const { state, consent } = await begun("twitter", X_CLIENT, { returnTo: PAGE_OF_APP });
    const proof = proofIn(await comeBack("twitter", { state, error: "access_denied" }));
    expect((await outcome("twitter", proof, await gw.keyOf("other"))).status).toBe(404);
    expect((await outcome("facebook", proof)).status).toBe(404);
    expect((await outcome("twitter", consent)).status).toBe(404);
    expect((await outcome("twitter", `${proof}x`)).status).toBe(404);
    expect((await outcome("x", proof)).body).toMatchObject({ consent, status: "failed" });
  });

  it("guessing is rate-limited, and a valid state from the same address still works", async () => {
    const guess = () => comeBack("twitter", { state: "A".repeat(43), code: "c" }, "GET", "198.51.100.9");
    const statuses = [];
    for (let i = 0; i < 22; i++) statuses.push((await guess()).status);
    expect([statuses[0], statuses.at(-1)]).toEqual([404, 429]);
    const { url, state } = await begun("twitter", X_CLIENT);
    expect((await comeBack("twitter", { state, code: xCode(url) }, "GET", "198.51.100.9")).status).toBe(200);
  });
});

describe("consent workers", () => {
  it("finish a callback that arrived while no worker ran", async () => {
    await gw.rest();
    const { url, state } = await begun("twitter", X_CLIENT);
    const waiting = comeBack("twitter", { state, code: xCode(url, "56") });
    await expect.poll(() => gw.client.exists(`{dgm:c:${hash(`twitter|${state}`)}}:handed`)).toBe(1);
    await gw.work();
    expect((await waiting).status).toBe(200);
    expect((await accounts()).map(({ address }) => address)).toContain("@carol");
  });

  it("report a consent interrupted by a crash as to be repeated, without a second exchange", async () => {
    await gw.rest();
    const { url, state } = await begun("twitter", X_CLIENT);
    const waiting = comeBack("twitter", { state, code: xCode(url) });
    const handed = `{dgm:c:${hash(`twitter|${state}`)}}:handed`;
    await expect.poll(() => gw.client.exists(handed)).toBe(1);
    // State after the death of a worker that had claimed the consent.
    await gw.client.del(handed);
    await gw.work();
    const back = await waiting;
    expect([back.status, await back.text()]).toEqual([422, expect.stringContaining("start the consent again")]);
  });
});

it("no code, secret, token, state or verifier is ever in Redis, its file or the log in clear text", async () => {
  const { url, state } = await begun("email", mailClient({ address: "last@example.com" }));
  const code = mail.consent(url, "last@example.com");
  expect((await comeBack("email", { state, code })).status).toBe(200);
  const verifiers = [...mail.requests.map(({ form }) => form), ...x.oauth2.requests].map((form) =>
    form.get("code_verifier"),
  );
  const xs = x.oauth2.requests.map((form) => form.get("code"));
  const secrets = [...mail.issued, ...verifiers, ...xs, state, MAIL_CLIENT.clientSecret, X_CLIENT.clientSecret];
  const canaries = [...secrets, LOGIN.appSecret, LOGIN.pageToken].filter(
    (value): value is string => typeof value === "string" && value !== "",
  );
  expect(canaries.length).toBeGreaterThan(20);
  // All values that were ever written, short-lived ones included.
  const options = { maxBuffer: 256 * 1024 * 1024, encoding: "latin1" } as const;
  const { stdout } = await promisify(execFile)("cat", await appendOnlyFiles(), options);
  expect(stdout).toContain(hash(`email|${state}`));
  const log = logged.join("\n");
  expect(log).toContain("consent could not be finished");
  for (const canary of canaries) expect([stdout.includes(canary), log.includes(canary)]).toEqual([false, false]);
});

async function appendOnlyFiles(): Promise<string[]> {
  const { stdout } = await promisify(execFile)("find", [`${gw.redis.dir}/appendonlydir`, "-type", "f"]);
  return stdout.trim().split("\n");
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
