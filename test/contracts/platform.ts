import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { TSchema } from "typebox";
import { describe, expect, it } from "vitest";
import type { Activity } from "../../src/model/activity.ts";
import { Failure } from "../../src/model/failure.ts";
import { silentLog } from "../../src/model/log.ts";
import { validationErrors } from "../../src/model/validate.ts";
import type { AccountContext, Platform, Receipt, VerbContext } from "../../src/platform/platform.ts";
import { noEgress, testVerbContext } from "../support/verb-context.ts";
import { watchResult } from "../support/vocabulary-watch.ts";

/** World that a platform is tested in. */
export interface ConformanceWorld {
  /** Library errors as recorded from real runs; `classifyError` must have a failure for each. */
  readonly thrown?: readonly unknown[];
  /** Starts a network for one test. Without a network no verb is run here; the platform's own tests do that. */
  readonly network?: () => Promise<TestNetwork>;
  /** Verbs whose example fails by design or that other tests run. */
  readonly failing?: readonly string[];
  /** Read-only verbs, which take no commit: a retry simply repeats them. */
  readonly reads?: readonly string[];
}

/** Network of one test with an account. */
export interface TestNetwork {
  readonly access: Partial<AccountContext<unknown>>;
  /** Number of effects that really happened on the network. */
  readonly effects: () => number | Promise<number>;
  readonly stop: () => Promise<void>;
}

/** Returns an in-process network; `count` is the number of effects since the process started. */
export function inProcess(count: () => number): () => Promise<TestNetwork> {
  return async () => {
    const before = count();
    return { access: {}, effects: () => count() - before, stop: async () => undefined };
  };
}

const KINDS = ["permanent", "retryable", "rate-limited", "auth"];
const CANARY = "canary-4711-secret";

/** Tests the rules that every platform keeps, on any network. */
export function conformance(
  platform: Platform,
  { thrown = [], network, failing = [], reads = [] }: ConformanceWorld = {},
): void {
  const { id, aliases = [], verbs, credentials } = platform;

  describe(`platform ${id}`, () => {
    it("has ids for queue names, paths and URLs", () => {
      for (const name of [id, ...aliases]) expect(name).toMatch(/^[a-z][a-z0-9-]{0,31}$/);
      for (const verb of Object.keys(verbs)) expect(verb).toMatch(/^[a-z][a-z-]{1,31}$/);
      expect(Object.keys(verbs).length).toBeGreaterThan(0);
      expect(platform.title).toMatch(/\S/);
      expect(platform.lifetimeSeconds).toBeGreaterThan(0);
      expect(platform.needsAccount && credentials === undefined).toBe(false);
    });

    for (const [name, verb] of Object.entries(verbs)) {
      it(`describes ${name} with a valid example`, () => {
        expect(verb.summary).toMatch(/^[A-Z].{10,}[^.]$/);
        expect(validationErrors(verb.schema, verb.example)).toEqual([]);
        strictly(verb.schema);
      });

      it(`rejects unknown input of ${name} with a pointer`, () => {
        for (const [input, pointer] of strangers(verb.example)) {
          const found = validationErrors(verb.schema, input);
          expect(found.length, pointer).toBeGreaterThan(0);
          expect(JSON.stringify(found)).not.toContain(CANARY);
        }
      });
    }

    if (credentials) {
      it("has a strict credentials schema with a valid example", () => {
        strictly(credentials.schema);
        expect(validationErrors(credentials.schema, credentials.example)).toEqual([]);
        const stranger = validationErrors(credentials.schema, { ...Object(credentials.example), [CANARY]: CANARY });
        expect(stranger.length).toBeGreaterThan(0);
        expect(JSON.stringify(stranger)).not.toContain(CANARY);
      });
    }

    const { oauthConsent: consent } = platform;
    if (consent) {
      it("has a strict consent schema, and sends users to an address without secrets", () => {
        strictly(consent.schema);
        expect(validationErrors(consent.schema, consent.example)).toEqual([]);
        expect(validationErrors(consent.schema, { ...Object(consent.example), [CANARY]: CANARY })).not.toEqual([]);
        const round = { state: "a-state", verifier: CANARY, redirectUri: "https://gw.example.org/callback" };
        const { protocol, searchParams } = new URL(consent.url(consent.example as never, round));
        expect([
          protocol,
          searchParams.get("state"),
          searchParams.get("redirect_uri"),
          searchParams.get("response_type"),
        ]).toEqual(["https:", round.state, round.redirectUri, "code"]);
        const secrets = Object.entries(Object(consent.example)).filter(([name]) => /secret|token/i.test(name));
        expect(secrets.length).toBeGreaterThan(0);
        for (const secret of [CANARY, ...secrets.map(([, value]) => String(value))])
          expect(searchParams.toString()).not.toContain(encodeURIComponent(secret));
      });
    }

    it("classifies every thrown value, and never throws itself", () => {
      const odd = [
        undefined,
        null,
        "text",
        7,
        {},
        [],
        new Error("odd"),
        Object.assign(new Error("odd"), { code: 5, response: {} }),
      ];
      const hostile = Object.assign(new Error("odd"), { code: "constructor", response: "__proto__", cause: null });
      for (const value of [...odd, hostile, ...thrown]) {
        const failure = platform.classifyError(value);
        expect(failure).toBeInstanceOf(Failure);
        expect(KINDS).toContain(failure.kind);
        expect(failure.code).toMatch(/^[a-z]+(-[a-z]+)*$/);
        expect(failure.message).toMatch(/\S.{5,}/);
        expect(failure.platformCode ?? "").toMatch(/^[^\p{Cc}]{0,300}$/u);
      }
    });

    it("passes its own failures through unchanged", () => {
      const own = new Failure({ kind: "auth", code: "credentials-invalid", detail: "No", mayHaveLanded: true });
      expect(platform.classifyError(own)).toBe(own);
    });

    it("does not show a library's own message", () => {
      const failure = platform.classifyError(new Error(`failed with ${CANARY}`));
      expect(`${failure.message} ${failure.platformCode}`).not.toContain(CANARY);
    });

    if (network)
      runs(
        platform,
        network,
        Object.keys(verbs).filter((verb) => !failing.includes(verb)),
        reads,
      );
  });
}

/** Runs the verbs against a network that counts effects. */
function runs(
  platform: Platform,
  network: () => Promise<TestNetwork>,
  names: readonly string[],
  reads: readonly string[],
): void {
  for (const name of names) {
    const isRead = reads.includes(name);
    it(`runs ${name} once ${isRead ? "without a" : "after its"} commit, with one outcome per pending target`, async () => {
      const side = await network();
      const order: Array<number | string> = [];
      const receipt = await run(platform, name, side, {
        commit: async () => {
          order.push("commit", await side.effects());
        },
      });
      expect(order).toEqual(isRead ? [] : ["commit", 0]);
      expect(await side.effects()).toBe(1);
      expect(receipt.outcomes.map(({ status }) => status)).toEqual(["sent"]);
      await side.stop();
    });

    it(`returns outcomes of ${name} for pending targets only`, async () => {
      const side = await network();
      const example = platform.verbs[name]?.example as { readonly target: ReadonlyArray<object> };
      const target = [{ ...example.target[0] }, { ...example.target[0] }];
      const receipt = await run(platform, name, side, { pending: [1] }, { target } as never);
      expect(receipt.outcomes).toHaveLength(1);
      await side.stop();
    });

    if (isRead) continue;
    it(`runs no effect of ${name} when the commit is refused`, async () => {
      const side = await network();
      const refusal = new Failure({ kind: "permanent", code: "abandoned", detail: "Cancelled meanwhile." });
      await expect(run(platform, name, side, { commit: () => Promise.reject(refusal) })).rejects.toBe(refusal);
      expect(await side.effects()).toBe(0);
      await side.stop();
    });
  }
}

async function run(
  platform: Platform,
  name: string,
  side: TestNetwork,
  overrides: Partial<VerbContext>,
  more: Partial<Activity> = {},
): Promise<Receipt> {
  const access = { app: "app1", credentials: undefined, egress: noEgress, log: silentLog };
  const client = await platform.createClient?.({ ...access, ...side.access } as never);
  const verb = platform.verbs[name];
  if (!verb) throw new Error("No such verb");
  const example = verb.example as Pick<Activity, "actor" | "target" | "object">;
  const context = testVerbContext({ ...side.access.egress, ...overrides });
  try {
    const activity = {
      id: "01CONTRACT00000000000000AA",
      rid: "1",
      platform: platform.id,
      verb: name,
      ...example,
      ...more,
    };
    const receipt = await verb.run(client, activity, context);
    watchResult({ platform: platform.id, verb: name, ...receipt });
    return receipt;
  } finally {
    await platform.dispose?.(client);
  }
}

/** Returns inputs that no verb may take, each made from the example. */
function strangers(example: unknown): ReadonlyArray<readonly [input: unknown, what: string]> {
  const valid = Object(example) as Record<string, unknown>;
  return [
    [{ ...valid, [CANARY]: CANARY }, "an unknown property at the top"],
    [{ ...valid, object: { ...Object(valid.object), [CANARY]: CANARY } }, "an unknown property of object"],
    [{ ...valid, actor: { address: { [CANARY]: 1 } } }, "an address that is no text"],
    [{ ...valid, actor: undefined }, "no actor"],
    [{ ...valid, actor: { address: "" } }, "an empty address"],
    [[valid], "a list"],
    ["text", "a text"],
  ];
}

function strictly(schema: TSchema): void {
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  expect(() => ajv.compile(schema)).not.toThrow();
}
