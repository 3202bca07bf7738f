import { describe, expect, it } from "vitest";
import { itemJson, submitItem } from "../../../routes/http/submit-items.ts";
import type { Caller } from "../../../src/model/caller.ts";
import { silentLog } from "../../../src/model/log.ts";
import { Refusal } from "../../../src/model/refusal.ts";

const caller: Caller = { app: "app", via: "key", keyId: "k", scopes: new Set(["send"]), limits: {}, cookie: false };

async function refused(thrown: Error, item: unknown, key?: string) {
  const submit = () => Promise.reject(thrown);
  return itemJson(await submitItem({ submit, log: silentLog }, caller, item, key), "/docs/errors/");
}

describe("the answer to a refused item", () => {
  const later = () => new Refusal("rate-limited", "Later.", undefined, { retryAfter: 3 });

  it.each([
    ["429", later(), { code: "rate-limited", status: 429, retryAfter: 3 }],
    ["503", new Error("Connection is closed."), { code: "overloaded", status: 503, retryAfter: 2 }],
  ])("carries the rid and the retry time for %s", async (_status, thrown, problem) => {
    expect(await refused(thrown, { rid: "r1" })).toMatchObject({
      type: "refused",
      rid: "r1",
      problem: { ...problem, rid: "r1" },
    });
  });

  it("carries a numeric rid as it was sent, and the Idempotency-Key where there is none", async () => {
    expect(await refused(later(), { rid: 7 })).toMatchObject({ rid: 7 });
    expect(await refused(later(), {}, "key-1")).toMatchObject({ rid: "key-1" });
  });

  it.each([[{ rid: "<script>" }], [{ rid: {} }], [[]], [null], ["text"]])(
    "repeats no invalid rid: %j",
    async (item) => {
      expect(await refused(later(), item)).not.toHaveProperty("rid");
    },
  );
});
