import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandLine } from "../../support/command-line.ts";
import { type GatewayProcess, gatewayProcess } from "../../support/gateway-process.ts";

let dir: string;
let gateway: GatewayProcess;
let dragoman: ReturnType<typeof commandLine>;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dgm-messages-"));
  gateway = await gatewayProcess({ role: "all", dataDir: dir });
  dragoman = commandLine({ DATA_DIR: dir, PLATFORMS: "+dummy" });
});
afterAll(async () => {
  await gateway?.stop();
  await rm(dir, { recursive: true, force: true });
});

const failing = (rid: string, object: object) =>
  JSON.stringify({
    rid,
    platform: "dummy",
    verb: "fail",
    actor: { address: "shop" },
    target: { address: "zoe@example.org" },
    object,
    options: { expiresIn: 60 },
  });

describe("dragoman send", { timeout: 60_000 }, () => {
  it("sends a mail made of options and prints its result", async () => {
    const addresses = ["--from", "shop@example.org", "--to", "ann@example.org", "bob@example.org"];
    const { code, out } = await dragoman(
      ["send", "--platform", "email", ...addresses, "--subject", "Hi", "--body", "-"],
      "Hello",
    );
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(
        / result {2}email {2}sent {2}send {2}shop@example\.org -> ann@example\.org, bob@example\.org /,
      ),
    });
  });

  it("sends JSON from standard input, and exits with 1 where it fails", async () => {
    const { code, out } = await dragoman(["send", "--json"], failing("lost", { kind: "permanent" }));
    expect([code, JSON.parse(out)]).toEqual([1, expect.objectContaining({ rid: "lost", status: "failed" })]);
  });

  it("exits with 2 while there is no result, and names the rid", async () => {
    const object = { kind: "retryable", retryAfterMs: 1_000, times: 1 };
    const { code, out, stderr } = await dragoman(["send", "--wait", "0"], failing("slow", object));
    expect([code, out.trim(), stderr]).toEqual([2, "slow", expect.stringContaining("activities show slow")]);
  });

  it.each([
    [["--platform", "pigeon", "--from", "a", "--to", "b"], "", /platforms/],
    [["--platform", "email", "--from", "a@example.org"], "", /target/],
    [["--platform", "email", "--object", "{"], "", /JSON object/],
    [[], "no json", /--platform/],
  ])("refuses %j in one sentence", async (args, stdin, sentence) => {
    const { code, stderr } = await dragoman(["send", ...args], stdin);
    expect([code, stderr]).toEqual([1, expect.stringMatching(sentence)]);
  });
});

describe("dragoman activities and tail", { timeout: 60_000 }, () => {
  it("lead from an address to the reason in one command", async () => {
    const { out } = await dragoman(["activities", "list", "--target", "zoe@example.org", "--status", "failed"]);
    expect(out).toMatch(/ failed {2}dummy fail {2}shop -> zoe@example\.org {2}lost {2}platform-rejected: .+\n$/);
  });

  it("send a dead letter again, once", async () => {
    const object = { kind: "retryable", retryAfterMs: 3_600_000, times: 1 };
    expect((await dragoman(["send"], failing("dead", object))).code).toBe(1);
    const first = await dragoman(["activities", "resend", "dead"]);
    expect([first.code, first.out]).toEqual([0, expect.stringMatching(/^replay\./)]);
    const again = await dragoman(["activities", "resend", "dead"]);
    expect([again.out, again.stderr]).toEqual([first.out, expect.stringContaining("before")]);
  });

  it("print the app's events from the oldest on", async () => {
    const { code, out } = await dragoman([
      "tail",
      "--all",
      "--type",
      "result",
      "--rid",
      "lost",
      "--count",
      "1",
      "--json",
    ]);
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ type: "result", rid: "lost", status: "failed" }),
    ]);
  });
});
