import { createHash, randomBytes } from "node:crypto";
import { associatedData } from "../crypto/associated-data.ts";
import type { Keyring } from "../crypto/keyring.ts";
import { type ByteReservations, byteReservations } from "../redis/byte-reservations.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { luaScript } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";
import type { BegunConsent, ConsentOutcome, ConsentSecrets, Consents } from "./consents.ts";

export interface RedisConsentsDeps {
  readonly redis: RedisClient;
  readonly keyring: Keyring;
  /** Share of bytes by app; default: unlimited. */
  readonly bytes?: ByteReservations;
}

/** Time for the user's decision. */
const DECISION_SECONDS = 900;
/** Time until a worker begins the exchange. Codes live for half a minute to ten minutes. */
const EXCHANGE_SECONDS = 120;
const OUTCOME_SECONDS = 600;
/** Bytes that Redis needs for a consent beside its fields. */
const RECORD_BYTES = 300;
/** Form of a state or proof: 256 random bits. */
const RANDOM_FORM = /^[A-Za-z0-9_-]{43}$/;

const TAKE_ALL = luaScript(new URL("./scripts/take-all.lua", import.meta.url), {
  keys: ["record"],
  reply: (raw) => fromPairs(raw as readonly string[]),
});

/** Stores consents in Redis, by the hash of their state. */
export function redisConsents({ redis, keyring, bytes = byteReservations({ redis }) }: RedisConsentsDeps): Consents {
  const run = scriptRunner(redis, { takeAll: TAKE_ALL });
  return {
    async begin(begun, client, url) {
      const state = randomBytes(32).toString("base64url");
      const verifier = randomBytes(48).toString("base64url");
      const authorizationUrl = url({ state, verifier });
      const id = consentId(begun.platform, state);
      const secrets: ConsentSecrets = { client, verifier, state };
      const sealed = await keyring.seal(JSON.stringify(secrets), consentData(id, "client", begun));
      const record = { begun: JSON.stringify(begun), sealed };
      const size = record.begun.length + sealed.length + RECORD_BYTES;
      await bytes.reserve(begun.app, { name: `consent/${id}`, bytes: size, seconds: DECISION_SECONDS });
      await put(redis, keys.consent(id), record, DECISION_SECONDS);
      return { id, url: authorizationUrl };
    },

    async claim(platform, state) {
      if (!RANDOM_FORM.test(state)) return undefined;
      const id = consentId(platform, state);
      const { begun, sealed } = await run.takeAll({ keys: { record: keys.consent(id) } });
      return begun && sealed ? { ...(JSON.parse(begun) as BegunConsent), id, sealed } : undefined;
    },

    async submitCode({ id, sealed, ...begun }, code) {
      const sealedCode = await keyring.seal(code, consentData(id, "code", begun));
      await put(
        redis,
        keys.consentHanded(id),
        { begun: JSON.stringify(begun), sealed, code: sealedCode },
        EXCHANGE_SECONDS,
      );
    },

    async openForExchange(id) {
      const record = await run.takeAll({ keys: { record: keys.consentHanded(id) } });
      if (!record.begun || !record.sealed || !record.code) return undefined;
      const begun = JSON.parse(record.begun) as BegunConsent;
      const secrets = JSON.parse(await keyring.open(record.sealed, consentData(id, "client", begun))) as ConsentSecrets;
      return { ...begun, ...secrets, code: await keyring.open(record.code, consentData(id, "code", begun)) };
    },

    saveOutcome: async (id, outcome) => {
      await redis.set(keys.consentOutcome(id), JSON.stringify(outcome), "EX", OUTCOME_SECONDS, "NX");
    },

    outcome: async (id) => parseOutcome(await redis.get(keys.consentOutcome(id))),

    async issueProof({ id, app, platform }) {
      const proof = randomBytes(32).toString("base64url");
      await put(redis, keys.consentProof(hashOf(proof)), { id, app, platform }, OUTCOME_SECONDS);
      return proof;
    },

    async verifyProof(app, platform, proof) {
      if (!RANDOM_FORM.test(proof)) return undefined;
      const [id, ...owner] = await redis.hmget(keys.consentProof(hashOf(proof)), "id", "app", "platform");
      const [provenApp, provenPlatform] = owner;
      return id && provenApp === app && provenPlatform === platform ? id : undefined;
    },
  };
}

function parseOutcome(text: string | null): ConsentOutcome | undefined {
  return text === null ? undefined : (JSON.parse(text) as ConsentOutcome);
}

async function put(redis: RedisClient, record: string, fields: Record<string, string>, seconds: number): Promise<void> {
  await redis.multi().hset(record, fields).expire(record, seconds).exec();
}

/** Returns the associated data of a sealed part, bound to app, platform and redirect URI. */
function consentData(id: string, part: string, { app, platform, redirectUri }: BegunConsent): Buffer {
  return associatedData("consent", part, id, app, platform, redirectUri);
}

function consentId(platform: string, state: string): string {
  return hashOf(`${platform}|${state}`);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** Builds an object from alternating names and values, as HGETALL returns them in a script. */
function fromPairs(pairs: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let index = 0; index < pairs.length; index += 2) fields[pairs[index] as string] = pairs[index + 1] ?? "";
  return fields;
}
