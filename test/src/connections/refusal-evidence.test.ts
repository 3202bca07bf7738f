import { describe, expect, it } from "vitest";
import { MAX_UNPROVEN_TRIES, MIN_UNPROVEN_MS, refusalEvidence } from "../../../src/connections/refusal-evidence.ts";
import { Failure, type FailureKind } from "../../../src/model/failure.ts";
import type { ConnectionState } from "../../../src/platform/connection.ts";

const failure = (kind: FailureKind, code: string, platformCode = "words") =>
  new Failure({ kind, code, detail: "It refuses.", platformCode });
const account = { version: "1" };
const odd = failure("auth", "platform-rejected");

function evidenceStore() {
  const stored: Record<string, string> = {};
  let time = 1_000;
  const state: ConnectionState = {
    read: async () => stored,
    write: async (name, value) => {
      if (value === undefined) delete stored[name];
      else stored[name] = value;
    },
  };
  return {
    stored,
    owner: () => refusalEvidence(state, () => time),
    pass: (ms: number) => {
      time += ms;
    },
  };
}

describe("RefusalEvidence", () => {
  it.each(["credentials-invalid", "credentials-expired", "account-restricted", "address-blocked"])(
    "treats %s as final at once",
    async (code) => {
      expect(await evidenceStore().owner().judge(account, failure("auth", code))).toMatchObject({ verdict: "final" });
    },
  );

  it.each(["retryable", "rate-limited"] as const)("treats %s as transient, however often it occurs", async (kind) => {
    const { owner, pass, stored } = evidenceStore();
    const evidence = owner();
    for (let tries = 0; tries < 100; tries++) {
      expect(await evidence.judge(account, failure(kind, "platform-unavailable"))).toMatchObject({
        verdict: "transient",
      });
      pass(MIN_UNPROVEN_MS);
    }
    expect(stored).toEqual({});
  });

  it("counts a refusal without proof through which work waits", async () => {
    const { owner, pass } = evidenceStore();
    const refusal = failure("retryable", "platform-rejected", "401 no error code");
    for (let tries = 1; tries < MAX_UNPROVEN_TRIES; tries++)
      expect(await owner().judge(account, refusal)).toEqual({ verdict: "unproven", isNew: tries === 1 });
    pass(MIN_UNPROVEN_MS);
    expect(await owner().judge(account, refusal)).toMatchObject({ verdict: "final" });
  });

  it("retries other refusals until 20 equal ones over a day, also under later owners", async () => {
    const { owner, pass } = evidenceStore();
    const verdicts: string[] = [];
    for (let tries = 0; tries < MAX_UNPROVEN_TRIES + 5; tries++) {
      verdicts.push((await owner().judge(account, odd)).verdict);
    }
    pass(MIN_UNPROVEN_MS);
    expect(new Set(verdicts)).toEqual(new Set(["unproven"]));
    expect(await owner().judge(account, odd)).toMatchObject({ verdict: "final" });
  });

  it("needs both the attempts and the day", async () => {
    const { owner, pass } = evidenceStore();
    const evidence = owner();
    for (let tries = 1; tries < MAX_UNPROVEN_TRIES; tries++) {
      expect((await evidence.judge(account, odd)).verdict).toBe("unproven");
      pass(MIN_UNPROVEN_MS);
    }
    expect((await evidence.judge(account, odd)).verdict).toBe("final");
  });

  it("reports a new series once", async () => {
    const evidence = evidenceStore().owner();
    const isNew = async (refusal: Failure, version = "1") => (await evidence.judge({ version }, refusal)).isNew;
    expect([await isNew(odd), await isNew(odd)]).toEqual([true, false]);
    expect(await isNew(failure("auth", "platform-rejected", "other words"))).toBe(true);
    expect(await isNew(failure("auth", "platform-rejected", "other words"), "2")).toBe(true);
  });

  it("starts over after a successful login", async () => {
    const { owner, pass, stored } = evidenceStore();
    for (let tries = 0; tries < MAX_UNPROVEN_TRIES; tries++) await owner().judge(account, odd);
    pass(MIN_UNPROVEN_MS);
    await owner().forget();
    expect(stored).toEqual({});
    expect(await owner().judge(account, odd)).toEqual({ verdict: "unproven", isNew: true });
  });
});
