import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Activity } from "../../../../src/model/activity.ts";
import { validationErrors } from "../../../../src/model/validate.ts";
import { dummy } from "../../../../src/platforms/dummy/platform.ts";
import { testVerbContext } from "../../../support/verb-context.ts";

let dir = "";
let file = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "dgm-dummy-"));
  file = join(dir, "ledger");
});
afterEach(() => rmSync(dir, { recursive: true }));

const activity = (verb: string, object: object, target = [{ address: "bob" }]): Activity => ({
  id: "01ID",
  rid: "r 1",
  platform: "dummy",
  verb,
  actor: { address: "ali ce" },
  target,
  object: { ...object },
});
const run = (
  verb: string,
  object: object,
  overrides: Parameters<typeof testVerbContext>[0] = {},
  target = [{ address: "bob" }],
) =>
  dummy({ dummyLedger: file }).verbs[verb]?.run(undefined, activity(verb, object, target), testVerbContext(overrides));
const lines = () => {
  try {
    return readFileSync(file, "utf8").split("\n").slice(0, -1);
  } catch {
    return [];
  }
};

describe("the dummy platform", () => {
  it("echoes and records one effect per call for any number of targets", async () => {
    const receipt = await run("send", { n: 7, body: "hi" }, { pending: [0, 1] }, [
      { address: "bob" },
      { address: "c,d" },
    ]);
    expect(receipt).toEqual({
      outcomes: [
        { address: "bob", status: "sent", id: "01ID" },
        { address: "c,d", status: "sent", id: "01ID" },
      ],
      object: { n: 7, body: "hi", id: "01ID" },
    });
    expect(lines()).toEqual(["r_1 ali_ce bob,c_d 7 01ID"]);
  });

  it.each([
    ["permanent", "platform-rejected"],
    ["retryable", "platform-unavailable"],
    ["rate-limited", "platform-rate-limited"],
    ["auth", "credentials-invalid"],
  ])("fails as %s before any effect", async (kind, code) => {
    await expect(run("fail", { kind, retryAfterMs: 5 })).rejects.toMatchObject({
      kind,
      code,
      retryAfterMs: 5,
      mayHaveLanded: false,
    });
    expect(lines()).toEqual([]);
  });

  it("fails the requested number of times, then sends", async () => {
    await expect(run("fail", { kind: "retryable", times: 2 }, { attempt: 2 })).rejects.toMatchObject({
      kind: "retryable",
    });
    expect((await run("fail", { kind: "retryable", times: 2 }, { attempt: 3 }))?.outcomes[0]?.status).toBe("sent");
    expect(lines()).toHaveLength(1);
  });

  it("fails for some targets only", async () => {
    const target = [{ address: "a" }, { address: "b" }];
    const receipt = await run("fail", { kind: "permanent", only: ["b"] }, { pending: [0, 1] }, target);
    expect(receipt?.outcomes.map(({ status }) => status)).toEqual(["sent", "failed"]);
  });

  it("aborts a delay before or after the effect", async () => {
    const stop = new AbortController();
    const before = run("delay", { ms: 60_000 }, { signal: stop.signal });
    const after = run("delay", { ms: 60_000, when: "after" }, { signal: stop.signal });
    stop.abort();
    await expect(before).rejects.toThrow();
    await expect(after).rejects.toThrow();
    expect(lines()).toHaveLength(1);
  });

  it("breaks after the commit, and recovers the outcome", async () => {
    await expect(run("unknown", {})).rejects.toMatchObject({ mayHaveLanded: true });
    await expect(run("unknown", { landed: false })).rejects.toMatchObject({ mayHaveLanded: true });
    expect(lines()).toHaveLength(1);
    const { recover: resolve } = dummy({});
    const recoverOf = (object: object, verb = "unknown") =>
      resolve?.(undefined, activity(verb, object), testVerbContext());
    expect((await recoverOf({ resolves: "sent" }))?.outcomes[0]?.status).toBe("sent");
    expect((await recoverOf({ resolves: "failed" }))?.outcomes[0]?.status).toBe("failed");
    expect(await recoverOf({})).toBeUndefined();
    expect(await recoverOf({ when: "after" }, "crash")).toBeUndefined();
  });

  it.each([
    ["before", 0, 0],
    ["committed", 1, 0],
    ["after", 1, 1],
  ])("kills its process %s the effect", (when, commits, effects) => {
    const source = new URL("../../../../src/platforms/dummy/platform.ts", import.meta.url).pathname;
    const script = `
      import { dummy } from ${JSON.stringify(source)};
      const { verbs } = dummy({ dummyLedger: ${JSON.stringify(file)} });
      const activity = ${JSON.stringify(activity("crash", { when }))};
      const commit = async () => { process.stdout.write("commit"); };
      await verbs.crash.run(undefined, activity, { attempt: 1, pending: [0], commit });
    `;
    const died = spawnSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
      encoding: "utf8",
    });
    expect(died.signal).toBe("SIGKILL");
    expect(died.stdout).toBe("commit".repeat(commits));
    expect(lines()).toHaveLength(effects);
  });

  it("survives after the requested crashes", async () => {
    expect((await run("crash", { when: "before", times: 1 }, { attempt: 2 }))?.outcomes[0]?.status).toBe("sent");
  });

  it("rejects unknown properties", () => {
    const { verbs } = dummy({});
    const body = (object: object) => ({ actor: { address: "a" }, target: [{ address: "b" }], object });
    expect(validationErrors(verbs.fail?.schema as never, body({ kind: "sometimes" }))[0]?.pointer).toBe("/object/kind");
    expect(validationErrors(verbs.delay?.schema as never, body({ ms: -1 }))[0]?.pointer).toBe("/object/ms");
    expect(validationErrors(verbs.send?.schema as never, body({ extra: 1 }))[0]?.pointer).toBe("/object");
  });
});
