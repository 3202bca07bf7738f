import { sealedStateData } from "../accounts/account-ownership.ts";
import { credentialsData } from "../accounts/redis-accounts.ts";
import { listenerKeyData } from "../apps/key-record.ts";
import type { Keyring } from "../crypto/keyring.ts";
import { TOPICS_APP } from "../inbound/topic-endpoint.ts";
import { endpointSecretsData } from "../inbound/webhook-endpoints.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { REPLACE_FIELDS } from "../redis/replace-fields.ts";
import { scriptRunner } from "../redis/script-runner.ts";
import { webhookSecretData } from "../webhooks/redis-webhooks.ts";

/** Numbers of values sealed anew. */
export interface ResealCounts {
  readonly accounts: number;
  readonly keys: number;
  readonly hooks: number;
}

interface ResealDeps {
  readonly redis: RedisClient;
  readonly keyring: Keyring;
}

/** Seals anew all values of older key versions. A value changed meanwhile is left to its writer. */
export async function resealAll(deps: ResealDeps): Promise<ResealCounts> {
  const { redis } = deps;
  const counts = { accounts: 0, hooks: 0, keys: 0 };
  const countResealed = async (
    indexKey: string,
    reseal: (id: string) => Promise<boolean>,
    kind: keyof typeof counts,
  ): Promise<void> => {
    for (const id of await redis.smembers(indexKey)) if (await reseal(id)) counts[kind] += 1;
  };
  for (const app of await redis.smembers(keys.apps)) {
    await countResealed(keys.accounts(app), (id) => resealAccount(deps, app, id), "accounts");
    for (const id of await redis.smembers(keys.accounts(app))) await resealConnectionState(deps, app, id);
    await countResealed(keys.hooks(app), (name) => resealWebhook(deps, app, name), "hooks");
    await resealEndpoints(deps, app);
    await countResealed(keys.appKeys(app), (id) => resealListenerKey(deps, app, id), "keys");
  }
  await resealEndpoints(deps, TOPICS_APP);
  return counts;
}

/** Sealed value in a field of a record, with its associated data. */
interface SealedField {
  readonly record: string;
  readonly field: string;
  readonly sealed: string;
  readonly data: Buffer;
}

/** Seals a value of the workers' key anew unless the value is current. */
function resealField(deps: ResealDeps, value: SealedField): Promise<boolean> {
  const { open, seal } = deps.keyring;
  return resealWith(deps, value, async (sealed, data) => seal(await open(sealed, data), data));
}

/** Seals a value of the shared key anew unless the value is current. */
function resealSharedField(deps: ResealDeps, value: SealedField): Promise<boolean> {
  const { openShared, sealShared } = deps.keyring;
  return resealWith(deps, value, async (sealed, data) => sealShared(await openShared(sealed, data), data));
}

/** Writes the resealed value unless the record has changed meanwhile. Returns whether the value was written. */
async function resealWith(
  { redis, keyring }: ResealDeps,
  { record, field, sealed, data }: SealedField,
  reseal: (sealed: string, data: Buffer) => Promise<string>,
): Promise<boolean> {
  if (keyring.isCurrent(sealed)) return false;
  const run = scriptRunner(redis, { replaceFields: REPLACE_FIELDS });
  const fields = [field, await reseal(sealed, data)];
  return run.replaceFields({ keys: { record }, args: { field, expected: sealed, fields } });
}

async function resealAccount(deps: ResealDeps, app: string, id: string): Promise<boolean> {
  const record = keys.account(app, id);
  const [platform, address, version, sealed] = await deps.redis.hmget(
    record,
    "platform",
    "address",
    "version",
    "sealed",
  );
  if (!platform || !address || !version || !sealed) return false;
  return resealField(deps, { record, field: "sealed", sealed, data: credentialsData(app, platform, address, version) });
}

async function resealConnectionState(deps: ResealDeps, app: string, id: string): Promise<void> {
  const record = keys.sealedState(app, id);
  for (const [name, sealed] of Object.entries(await deps.redis.hgetall(record))) {
    await resealField(deps, { record, field: name, sealed, data: sealedStateData(app, id, name) });
  }
}

async function resealWebhook(deps: ResealDeps, app: string, name: string): Promise<boolean> {
  const record = keys.hook(app, name);
  const [version, sealed] = await deps.redis.hmget(record, "secretVersion", "secret");
  if (!version || !sealed) return false;
  return resealField(deps, { record, field: "secret", sealed, data: webhookSecretData(app, name, version) });
}

async function resealEndpoints(deps: ResealDeps, owner: string): Promise<void> {
  for (const id of await deps.redis.hvals(keys.webhookEndpoints(owner))) {
    const record = keys.webhookEndpoint(id);
    const { app, platform, subject, version, sealed } = await deps.redis.hgetall(record);
    if (!app || !platform || !subject || !version || !sealed) continue;
    await resealSharedField(deps, {
      record,
      field: "sealed",
      sealed,
      data: endpointSecretsData(app, platform, subject, version),
    });
  }
}

async function resealListenerKey(deps: ResealDeps, app: string, id: string): Promise<boolean> {
  const record = keys.apiKey(id);
  const sealed = await deps.redis.hget(record, "listener");
  if (sealed === null) return false;
  return resealSharedField(deps, { record, field: "listener", sealed, data: listenerKeyData(app, id) });
}
