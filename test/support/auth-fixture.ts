import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import express from "express";
import Type from "typebox";
import { authRateLimit } from "../../routes/http/auth-rate-limit.ts";
import { authenticator, type RequestKind } from "../../routes/http/authenticate.ts";
import { EndedToken } from "../../routes/http/ended-token.ts";
import { origins } from "../../routes/http/origin.ts";
import { problemOf, sendProblem } from "../../routes/http/problem.ts";
import { proxyTrust } from "../../routes/http/proxy-trust.ts";
import { accountViews } from "../../routes/resources/account-endpoints.ts";
import { accountRoutes } from "../../routes/resources/accounts.ts";
import { revocationRoutes } from "../../routes/resources/revocations.ts";
import { tokenRoutes } from "../../routes/resources/tokens.ts";
import { redisAccounts } from "../../src/accounts/redis-accounts.ts";
import { keyCache } from "../../src/apps/key-cache.ts";
import { appRegistry } from "../../src/apps/redis-registry.ts";
import { redisRevocations } from "../../src/apps/revocations.ts";
import { redisTickets } from "../../src/apps/tickets.ts";
import { type KeyringDeps, keyring } from "../../src/crypto/keyring.ts";
import { redisWebhookEndpoints } from "../../src/inbound/webhook-endpoints.ts";
import type { Caller, Revocation, Scope } from "../../src/model/caller.ts";
import { SCOPES } from "../../src/model/caller.ts";
import { Failure } from "../../src/model/failure.ts";
import { silentLog } from "../../src/model/log.ts";
import { definePlatform, type Platform } from "../../src/platform/platform.ts";
import { platformRegistry } from "../../src/platform/platform-registry.ts";
import { type TestRedis, testRedis } from "./redis.ts";

/** A platform with logins, for tests that store accounts. */
export const mailPlatform: Platform = definePlatform({
  id: "email",
  title: "Mail",
  aliases: ["smtp"],
  needsAccount: true,
  lifetimeSeconds: 60,
  verbs: {},
  connect: async () => undefined,
  credentials: {
    schema: Type.Object(
      { host: Type.String(), username: Type.String(), password: Type.String({ minLength: 3 }) },
      { additionalProperties: false },
    ),
    example: { host: "mail.example.org", username: "bob", password: "secret" },
  },
  classifyError: () => new Failure({ kind: "permanent", code: "test", detail: "test" }),
});
/** A platform without logins. */
export const feedsPlatform: Platform = {
  ...mailPlatform,
  id: "feeds",
  aliases: ["rss"],
  credentials: undefined,
} as unknown as Platform;

export interface AuthFixture {
  readonly redis: TestRedis;
  readonly client: ReturnType<TestRedis["connect"]>;
  readonly ring: Awaited<ReturnType<typeof keyring>>;
  readonly registry: ReturnType<typeof appRegistry>;
  readonly accounts: ReturnType<typeof redisAccounts>;
  /** Every control entry that was appended, in order. */
  readonly controls: Array<{ readonly app: string; readonly revocation: Revocation }>;
  readonly url: string;
  readonly clock: { skewMs: number };
  readonly stop: () => Promise<void>;
}

/** Server with authentication and the routes of tokens, revocations and accounts, on a private Redis. */
export async function authFixture(
  options: { readonly allowedOrigins?: readonly string[]; readonly trustProxy?: number | readonly string[] } & Partial<
    Pick<KeyringDeps, "opens">
  > = {},
): Promise<AuthFixture> {
  const redis = await testRedis();
  const client = redis.connect();
  const ring = await keyring({ path: join(redis.dir, "master.key"), opens: options.opens ?? true });
  const controls: AuthFixture["controls"] = [];
  const appendControl = async (app: string, revocation: Revocation) => controls.push({ app, revocation });
  const registry = appRegistry({ redis: client, keyring: ring, appendControl });
  const accounts = redisAccounts({ redis: client, keyring: ring });
  const clock = { skewMs: 0 };
  const now = () => Date.now() + clock.skewMs;
  const keys = keyCache({ find: registry.find, keyring: ring, now });
  const revocations = redisRevocations({ redis: client, appendControl });
  const tickets = redisTickets({ redis: client });
  const trusted = proxyTrust(options.trustProxy ?? ["loopback"]);
  const site = origins({ allowedOrigins: options.allowedOrigins ?? [], publicUrl: "", proxyTrust: trusted });
  const platforms = platformRegistry([mailPlatform, feedsPlatform]);
  const authenticate = authenticator({
    keys,
    revocations,
    tickets,
    origins: site,
    countFailedAuth: authRateLimit(trusted.clientIp),
    proxyTrust: trusted,
    basePath: "/gateway",
    canonicalId: platforms.canonicalId,
    now,
  });

  const app = express();
  const base = express.Router();
  app.use("/gateway", base);
  base.use(site.cors);
  const authenticated = (scope: Scope, kind?: RequestKind) => async (req: express.Request, res: express.Response) => {
    const caller = await authenticate(req, scope, kind);
    if (caller.setCookie !== undefined) res.setHeader("Set-Cookie", caller.setCookie);
    res.json(shown(caller));
  };
  base.get("/events", authenticated("listen", "stream"));
  base.get("/socket", authenticated("listen", "socket"));
  for (const scope of SCOPES) base.all(`/may/${scope}`, authenticated(scope));
  const lanes = { notifyAccountChanged: async () => undefined };
  const endpoints = redisWebhookEndpoints({ redis: client, keyring: ring });
  const views = accountViews(endpoints, platforms, "/gateway");
  const stores = { keys, tickets, platforms, revocations, accounts, endpoints };
  const deps = { authenticate, ...stores, views, lanes, log: silentLog };
  base.use(tokenRoutes(deps), revocationRoutes(deps), accountRoutes(deps));
  const onError: express.ErrorRequestHandler = (error, _req, res, _next) => {
    if (error instanceof EndedToken) res.status(204).end();
    else sendProblem(res, problemOf(error));
  };
  app.use(onError);
  const server: Server = createServer(app);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));

  return {
    redis,
    client,
    ring,
    registry,
    accounts,
    controls,
    clock,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await redis.stop();
    },
  };
}

function shown(caller: Caller): unknown {
  return { ...caller, scopes: [...caller.scopes], setCookie: undefined };
}

/** Returns all values of Redis as one text, for tests that search it for secrets. */
export async function dumpRedis(client: AuthFixture["client"]): Promise<string> {
  const parts: string[] = [];
  for (const key of await client.keys("*")) {
    const type = await client.type(key);
    parts.push(key);
    if (type === "string") parts.push((await client.get(key)) ?? "");
    if (type === "hash") parts.push(JSON.stringify(await client.hgetall(key)));
    if (type === "set") parts.push(JSON.stringify(await client.smembers(key)));
  }
  return parts.join("\n");
}
