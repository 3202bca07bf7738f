import { createHash, randomBytes } from "node:crypto";
import { associatedData } from "../crypto/associated-data.ts";
import type { Keyring } from "../crypto/keyring.ts";
import type { EventError } from "../model/failure.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";

/** What an app began, until the network's callback ends it. */
export interface BegunConsent {
  readonly app: string;
  readonly platform: string;
  readonly redirectUri: string;
  /** The app's page that the user comes back to. */
  readonly returnTo?: string;
  readonly online?: boolean;
}

/** What only a worker may see of it. */
interface ConsentSecrets {
  readonly client: unknown;
  readonly verifier: string;
  readonly state: string;
}

/** A begun consent that its callback has taken; nobody else can. */
export interface ClaimedConsent extends BegunConsent {
  readonly id: string;
  readonly sealed: string;
}

/** How a consent ended. */
export type ConsentOutcome =
  | { readonly accounts: ReadonlyArray<{ readonly id: string; readonly address: string }> }
  | { readonly error: EventError };

/**
 * Consents under way. The state in the browser's hands names one, once; Redis and jobs know it by its hash. The client's
 * secret, the verifier and the callback's code are sealed to the workers' key before they leave the API (promise G8).
 */
export interface Consents {
  /** `url` makes the address to send the user to; answers that, and the consent's id for the app. */
  readonly begin: (
    begun: BegunConsent,
    client: unknown,
    url: (round: { readonly state: string; readonly verifier: string }) => string,
  ) => Promise<{ readonly id: string; readonly url: string }>;
  /** Takes a consent that was begun at that platform, once; undefined where there is none (any more). */
  readonly claim: (platform: string, state: string) => Promise<ClaimedConsent | undefined>;
  /** Gives what was taken to the workers, with the code. */
  readonly submitCode: (taken: ClaimedConsent, code: string) => Promise<void>;
  /** In a worker: opens what was handed over, once. */
  readonly openForExchange: (
    id: string,
  ) => Promise<(BegunConsent & ConsentSecrets & { readonly code: string }) | undefined>;
  /** The first outcome stands. */
  readonly saveOutcome: (id: string, outcome: ConsentOutcome) => Promise<void>;
  readonly outcome: (id: string) => Promise<ConsentOutcome | undefined>;
  /** Makes the word that only the browser of the callback gets: with it the app knows which consent its visitor gave. */
  readonly issueProof: (taken: Pick<ClaimedConsent, "id" | "app" | "platform">) => Promise<string>;
  /** The id behind such a word; undefined for one that is not of that app and platform. */
  readonly verifyProof: (app: string, platform: string, proof: string) => Promise<string | undefined>;
}

/** How long a user may take to agree. */
const AGREE_SECONDS = 900;
/** How long a worker may take to begin; codes live for half a minute to ten minutes. */
const EXCHANGE_SECONDS = 120;
const OUTCOME_SECONDS = 600;
/** 256 random bits. */
const WORD = /^[A-Za-z0-9_-]{43}$/;

/** KEYS: hash. Reads it all and removes it: nothing is used twice. */
const TAKE_LUA = `
local all = redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])
return all
`;

/** See `Consents`. */
export function redisConsents({
  redis,
  keyring,
}: {
  readonly redis: RedisClient;
  readonly keyring: Keyring;
}): Consents {
  async function takeAll(place: string): Promise<Record<string, string>> {
    const flat = (await redis.eval(TAKE_LUA, 1, place)) as string[];
    return Object.fromEntries(flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ""]] : [])));
  }
  async function put(place: string, fields: Record<string, string>, seconds: number): Promise<void> {
    await redis.multi().hset(place, fields).expire(place, seconds).exec();
  }

  return {
    async begin(begun, client, url) {
      const state = randomBytes(32).toString("base64url");
      const verifier = randomBytes(48).toString("base64url");
      const to = url({ state, verifier });
      const id = idOf(begun.platform, state);
      const secrets: ConsentSecrets = { client, verifier, state };
      const sealed = await keyring.seal(JSON.stringify(secrets), where(id, "client", begun));
      await put(keys.consent(id), { begun: JSON.stringify(begun), sealed }, AGREE_SECONDS);
      return { id, url: to };
    },

    async claim(platform, state) {
      if (!WORD.test(state)) return undefined;
      const id = idOf(platform, state);
      const { begun, sealed } = await takeAll(keys.consent(id));
      return begun && sealed ? { ...(JSON.parse(begun) as BegunConsent), id, sealed } : undefined;
    },

    async submitCode({ id, sealed, ...begun }, code) {
      const fields = { begun: JSON.stringify(begun), sealed, code: await keyring.seal(code, where(id, "code", begun)) };
      await put(keys.consentHanded(id), fields, EXCHANGE_SECONDS);
    },

    async openForExchange(id) {
      const handed = await takeAll(keys.consentHanded(id));
      if (!handed.begun || !handed.sealed || !handed.code) return undefined;
      const begun = JSON.parse(handed.begun) as BegunConsent;
      const secrets = JSON.parse(await keyring.open(handed.sealed, where(id, "client", begun))) as ConsentSecrets;
      return { ...begun, ...secrets, code: await keyring.open(handed.code, where(id, "code", begun)) };
    },

    saveOutcome: async (id, outcome) => {
      await redis.set(keys.consentOutcome(id), JSON.stringify(outcome), "EX", OUTCOME_SECONDS, "NX");
    },

    outcome: async (id) => {
      const text = await redis.get(keys.consentOutcome(id));
      return text === null ? undefined : (JSON.parse(text) as ConsentOutcome);
    },

    async issueProof({ id, app, platform }) {
      const proof = randomBytes(32).toString("base64url");
      await put(keys.consentProof(hashOf(proof)), { id, app, platform }, OUTCOME_SECONDS);
      return proof;
    },

    async verifyProof(app, platform, proof) {
      if (!WORD.test(proof)) return undefined;
      const [id, ...whose] = await redis.hmget(keys.consentProof(hashOf(proof)), "id", "app", "platform");
      return id && whose[0] === app && whose[1] === platform ? id : undefined;
    },
  };
}

/** Bound to whom and where it is for: put under another app or platform it doesn't open. */
function where(id: string, what: string, { app, platform, redirectUri }: BegunConsent): Buffer {
  return associatedData("consent", what, id, app, platform, redirectUri);
}

function idOf(platform: string, state: string): string {
  return hashOf(`${platform}|${state}`);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
