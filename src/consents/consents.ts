import { createHash, randomBytes } from "node:crypto";
import { associatedData } from "../accounts/associated-data.ts";
import type { Keyring } from "../accounts/keyring.ts";
import type { ErrorNote } from "../failure.ts";
import { keys } from "../keys.ts";
import type { RedisClient } from "../redis/connect.ts";

/** What an app began, until the network's callback ends it. */
export interface Begun {
  readonly app: string;
  readonly platform: string;
  readonly redirectUri: string;
  /** The app's page that the user comes back to. */
  readonly returnTo?: string;
  readonly online?: boolean;
}

/** What only a worker may see of it. */
export interface Secrets {
  readonly client: unknown;
  readonly verifier: string;
}

export type Outcome =
  | { readonly accounts: ReadonlyArray<{ readonly id: string; readonly address: string }> }
  | { readonly error: ErrorNote };

/**
 * Consents under way. The state in the browser's hands names one, once; the client's secret, the verifier and the
 * callback's code are sealed to the workers' key before they leave the API (promise G8).
 */
export interface Consents {
  /** `round` makes the address to send the user to; answers that. */
  readonly begin: (
    begun: Begun,
    client: unknown,
    url: (round: { state: string; verifier: string }) => string,
  ) => Promise<string>;
  /** Takes a begun consent, once; undefined where there is none (any more). */
  readonly take: (state: string) => Promise<(Begun & { readonly sealed: string }) | undefined>;
  /** Gives what was taken to the workers, with the code. */
  readonly hand: (state: string, taken: Begun & { readonly sealed: string }, code: string) => Promise<void>;
  /** In a worker: opens what was handed over, once. */
  readonly open: (state: string) => Promise<(Begun & Secrets & { readonly code: string }) | undefined>;
  readonly settle: (state: string, outcome: Outcome) => Promise<void>;
  readonly outcome: (state: string) => Promise<Outcome | undefined>;
}

/** How long a user may take to agree. */
export const CONSENT_SECONDS = 900;
const STATE = /^[A-Za-z0-9_-]{43}$/;

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
  const where = (state: string, what: string) => associatedData("consent", what, state);

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
      const secrets: Secrets = { client, verifier };
      const sealed = await keyring.seal(JSON.stringify(secrets), where(state, "client"));
      await put(keys.consent(state), { begun: JSON.stringify(begun), sealed }, CONSENT_SECONDS);
      return to;
    },

    async take(state) {
      if (!STATE.test(state)) return undefined;
      const { begun, sealed } = await takeAll(keys.consent(state));
      return begun && sealed ? { ...(JSON.parse(begun) as Begun), sealed } : undefined;
    },

    async hand(state, { sealed, ...begun }, code) {
      const fields = { begun: JSON.stringify(begun), sealed, code: await keyring.seal(code, where(state, "code")) };
      await put(keys.consentHanded(state), fields, 120);
    },

    async open(state) {
      const { begun, sealed, code } = await takeAll(keys.consentHanded(state));
      if (!begun || !sealed || !code) return undefined;
      const secrets = JSON.parse(await keyring.open(sealed, where(state, "client"))) as Secrets;
      return { ...(JSON.parse(begun) as Begun), ...secrets, code: await keyring.open(code, where(state, "code")) };
    },

    settle: async (state, outcome) => {
      await redis.set(keys.consentOutcome(state), JSON.stringify(outcome), "EX", 600);
    },

    outcome: async (state) => {
      const text = await redis.get(keys.consentOutcome(state));
      return text === null ? undefined : (JSON.parse(text) as Outcome);
    },
  };
}

/** The challenge of a verifier (RFC 7636 section 4.2, S256). */
export function challengeOf(verifier: string): string {
  return createHash("sha256").update(verifier).digest("base64url");
}
