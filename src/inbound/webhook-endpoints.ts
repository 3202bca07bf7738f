import { randomBytes } from "node:crypto";
import { ulid } from "ulid";
import { associatedData } from "../crypto/associated-data.ts";
import type { Keyring } from "../crypto/keyring.ts";
import type { VerificationSecrets, WebhookEndpoint } from "../platform/inbound-webhook.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";

export interface WebhookEndpointsDeps {
  readonly redis: RedisClient;
  readonly keyring: Keyring;
}

/**
 * Inbound webhook endpoints: unguessable ids, each for an app's account at a platform.
 * The `subject` is an account's id, or the id of a topic. Each endpoint has the secrets that verify its requests.
 */
export interface WebhookEndpoints {
  /** Opens an endpoint and returns its id. An open endpoint keeps its id and gets these secrets and routing key. */
  readonly open: (
    app: string,
    platform: string,
    subject: string,
    secrets: VerificationSecrets,
    routingKey?: string,
  ) => Promise<string>;
  readonly idOf: (app: string, platform: string, subject: string) => Promise<string | undefined>;
  /** Returns the id of the app's endpoint with that routing key. The endpoint opened last wins. */
  readonly byRoutingKey: (app: string, platform: string, routingKey: string) => Promise<string | undefined>;
  /** Returns the endpoint of an id. Undefined for unknown ids and for endpoints of other platforms. */
  readonly find: (
    platform: string,
    id: string,
  ) => Promise<(WebhookEndpoint & { readonly secrets: VerificationSecrets }) | undefined>;
  readonly close: (app: string, platform: string, subject: string) => Promise<void>;
}

const OPEN = luaScript(new URL("./scripts/open-endpoint.lua", import.meta.url), {
  keys: ["index"],
  args: ["member", "newId", "endpointPrefix", "newRoutingKey", "fields..."],
  reply: String,
});
const CLOSE = luaScript(new URL("./scripts/close-endpoint.lua", import.meta.url), {
  keys: ["index"],
  args: ["member", "endpointPrefix"],
});

const ID_BYTES = 18;
const ID = /^[A-Za-z0-9_-]{24}$/;

/** Returns the associated data of an endpoint's sealed secrets. */
export function endpointSecretsData(app: string, platform: string, subject: string, version: string): Buffer {
  return associatedData("door", app, platform, subject, version);
}

/** Stores endpoints in Redis. Secrets are sealed under the shared key, since the API verifies requests (promise "secret"). */
export function redisWebhookEndpoints({ redis, keyring }: WebhookEndpointsDeps): WebhookEndpoints {
  const run = scriptRunner(redis, { open: OPEN, close: CLOSE });
  const endpointPrefix = keys.webhookEndpoint("");
  const memberOf = (platform: string, subject: string) => `${platform}|${subject}`;
  /** Returns the index' field of a routing key. No subject begins with a bar, so both kinds of fields stay apart. */
  const routingField = (platform: string, routingKey: string) => memberOf(platform, `|${routingKey}`);
  return {
    async open(app, platform, subject, secrets, routingKey) {
      const version = ulid();
      const data = endpointSecretsData(app, platform, subject, version);
      const sealed = await keyring.sealShared(Buffer.from(JSON.stringify(secrets)), data);
      return run.open({
        keys: { index: keys.webhookEndpoints(app) },
        args: {
          member: memberOf(platform, subject),
          newId: randomBytes(ID_BYTES).toString("base64url"),
          endpointPrefix,
          newRoutingKey: routingKey === undefined ? "" : routingField(platform, routingKey),
          fields: Object.entries({ app, platform, subject, version, sealed }).flat(),
        },
      });
    },

    idOf: async (app, platform, subject) =>
      (await redis.hget(keys.webhookEndpoints(app), memberOf(platform, subject))) ?? undefined,

    byRoutingKey: async (app, platform, routingKey) =>
      (await redis.hget(keys.webhookEndpoints(app), routingField(platform, routingKey))) ?? undefined,

    async find(platform, id) {
      if (!ID.test(id)) return undefined;
      const record = await redis.hgetall(keys.webhookEndpoint(id));
      const { app, subject, version, sealed } = record;
      if (!app || !subject || !version || !sealed || record.platform !== platform) return undefined;
      const data = endpointSecretsData(app, platform, subject, version);
      const text = (await keyring.openShared(sealed, data)).toString("utf8");
      return { app, subject, secrets: JSON.parse(text) as VerificationSecrets };
    },

    async close(app, platform, subject) {
      const args = { member: memberOf(platform, subject), endpointPrefix };
      await run.close({ keys: { index: keys.webhookEndpoints(app) }, args });
    },
  };
}
