import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Failure } from "../../../../src/model/failure.ts";
import { silentLog } from "../../../../src/model/log.ts";
import type { Platform } from "../../../../src/platform/platform.ts";
import { SMTP_TIMEOUTS, type SmtpTimeouts } from "../../../../src/platforms/email/client/smtp/timeouts.ts";
import { email } from "../../../../src/platforms/email/platform.ts";
import { runOnce } from "../../../support/run-verb.ts";
import { type ScriptedSmtp, type SmtpScript, scriptedSmtp } from "../../../support/scripted-smtp.ts";
import { smtpSink } from "../../../support/smtp-sink.ts";
import { noEgress, testMailActivity, testVerbContext } from "../../../support/verb-context.ts";

const ends: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const relay = (port: number, timeouts: SmtpTimeouts = SMTP_TIMEOUTS) =>
  email({ relay: { url: `smtp://127.0.0.1:${port}` }, smtpTimeouts: timeouts });

async function scripted(
  script: SmtpScript,
  timeouts?: SmtpTimeouts,
): Promise<{ server: ScriptedSmtp; platform: Platform }> {
  const server = await scriptedSmtp(script);
  ends.push(server.stop);
  return { server, platform: relay(server.port, timeouts) };
}

/** Outcome of one attempt in one word, and the number of commits. */
async function tried(platform: Platform, attempt = testMailActivity()) {
  let commits = 0;
  const commit = async () => {
    commits += 1;
  };
  const outcome = await runOnce(platform, attempt, { commit }).then(
    ({ outcomes }) => ({
      status: outcomes[0]?.status,
      code: outcomes[0]?.error?.code,
      platformCode: outcomes[0]?.error?.platformCode,
    }),
    (failure: Failure) => ({
      status: failure.mayHaveLanded
        ? "unknown"
        : failure.kind === "permanent" || failure.kind === "auth"
          ? "failed"
          : "deferred",
      code: failure.code,
      platformCode: failure.platformCode,
    }),
  );
  return { ...outcome, commits };
}

describe("outcomes of faults of Postfix's SMTP sink", () => {
  it.each([
    ["450 at RCPT", ["-r", "RCPT"], "deferred", "platform-unavailable", 0, 0],
    ["421 as greeting", ["-Q", "CONNECT"], "deferred", "platform-unavailable", 0, 0],
    ["500 at RCPT", ["-f", "RCPT"], "failed", "platform-rejected", 0, 0],
    ["450 after the dot", ["-r", "."], "deferred", "platform-unavailable", 1, 0],
    ["421 after the dot", ["-Q", "."], "deferred", "platform-unavailable", 1, 0],
    ["500 after the dot", ["-f", "."], "failed", "platform-rejected", 1, 0],
    ["drop after CONNECT", ["-q", "CONNECT"], "deferred", "platform-unavailable", 0, 0],
    ["drop after MAIL", ["-q", "MAIL"], "deferred", "platform-unavailable", 0, 0],
    ["drop after RCPT", ["-q", "RCPT"], "deferred", "platform-unavailable", 0, 0],
    ["drop after DATA", ["-q", "DATA"], "deferred", "platform-unavailable", 0, 0],
    ["drop after the dot", ["-q", "."], "unknown", "outcome-unknown", 1, 1],
    ["250 after our timeout", ["-W", ".:3"], "unknown", "outcome-unknown", 1, 1],
    ["drop on QUIT", ["-q", "QUIT"], "sent", undefined, 1, 1],
    ["all well", [], "sent", undefined, 1, 1],
  ] as const)("%s", async (_what, flags, status, code, commits, delivered) => {
    const dir = await mkdtemp(join(tmpdir(), "dgm-sink-"));
    await chmod(dir, 0o777);
    const dumps = join(dir, "dumps");
    await mkdir(dumps);
    await chmod(dumps, 0o777);
    const sink = await smtpSink([...flags, "-d", `${dumps}/`]);
    ends.push(sink.stop, () => rm(dir, { recursive: true, force: true }));
    const result = await tried(relay(sink.port, { ...SMTP_TIMEOUTS, dot: 500 }));
    expect(result).toMatchObject({ status, code, commits });
    // The server's files are the evidence: a delivered mail must not be reported deferred, a lost one not sent. The
    // sink removes the file of an incomplete mail only after it has closed the connection.
    const there = async () => (await readdir(dumps)).length;
    if (status === "sent") expect(await there()).toBeGreaterThanOrEqual(delivered);
    if (status === "deferred" && commits === 0) await expect.poll(there).toBe(0);
  });
});

describe("the commit before the final dot", () => {
  it.each([
    ["small", "Hello"],
    ["large", "x".repeat(500_000)],
  ])("happens after the body and before the dot (%s message)", async (_size, body) => {
    const { server, platform } = await scripted({});
    const seen: number[] = [];
    const commit = async () => {
      seen.push(server.messages.length);
    };
    await runOnce(platform, testMailActivity({ object: { body } }), { commit });
    expect(seen).toEqual([0]);
    expect(server.messages).toHaveLength(1);
  });

  it("prevents the dot when refused, and passes the refusal unchanged", async () => {
    const { server, platform } = await scripted({});
    const refusal = Object.assign(new Error("Cancelled"), { code: "mine" });
    const client = await platform.createClient?.({
      app: "a",
      credentials: undefined,
      egress: noEgress,
      log: silentLog,
    });
    const run = platform.verbs.send?.run;
    await expect(
      run?.(client, testMailActivity(), testVerbContext({ commit: () => Promise.reject(refusal) })),
    ).rejects.toBe(refusal);
    expect(refusal.code).toBe("mine");
    // The next mail goes over a new connection and is whole.
    await run?.(client, testMailActivity(), testVerbContext());
    await platform.dispose?.(client);
    expect(server.connections()).toBe(2);
    expect(server.messages).toHaveLength(1);
    expect(server.torn).toHaveLength(1);
  });

  it("does not happen after an earlier abort, and no dot is sent", async () => {
    const { server, platform } = await scripted({});
    const stop = new AbortController();
    const failure = await runOnce(platform, testMailActivity(), {
      signal: stop.signal,
      commit: () => {
        stop.abort();
        return new Promise(() => undefined);
      },
    }).catch((thrown: Failure) => thrown);
    expect(failure).toMatchObject({ mayHaveLanded: false, kind: "retryable" });
    expect(server.messages).toHaveLength(0);
  });

  it("makes the outcome of an abort after the dot unknown", async () => {
    const stop = new AbortController();
    const { server, platform } = await scripted({
      dot: () => {
        stop.abort();
        return "hang";
      },
    });
    const failure = await runOnce(platform, testMailActivity(), { signal: stop.signal }).catch(
      (thrown: Failure) => thrown,
    );
    expect(failure).toMatchObject({ mayHaveLanded: true, code: "outcome-unknown" });
    expect(server.messages).toHaveLength(1);
  });

  it.each(["250 2.0.0 Ok", "552 5.3.4 Too big"])("ignores an answer before the dot: %s", async (early) => {
    const { server, platform } = await scripted({ early });
    const never = () => new Promise<void>(() => undefined);
    const failure = await runOnce(platform, testMailActivity(), { commit: never }).catch((thrown: Failure) => thrown);
    expect(failure).toMatchObject({ name: "Failure", mayHaveLanded: false });
    expect(server.messages).toHaveLength(0);
  });
});

describe("time limits", () => {
  const timeouts = { connect: 300, greeting: 300, command: 300, dot: 300 };
  it.each([
    ["greeting", { greeting: "hang" }, "deferred"],
    ["MAIL", { mail: "hang" }, "deferred"],
    ["RCPT", { rcpt: "hang" }, "deferred"],
    ["DATA", { data: "hang" }, "deferred"],
    ["the dot", { dot: "hang" }, "unknown"],
  ] as const)("disconnect a server that is silent at %s", async (_where, script, status) => {
    const { platform } = await scripted(script, timeouts);
    expect(await tried(platform)).toMatchObject({ status });
  });
});

describe("many targets in one transaction", () => {
  it("gives each refused, deferred and accepted target an outcome", async () => {
    const { server, platform } = await scripted({
      rcpt: (line) => (/no@/.test(line) ? "550 5.1.1 Unknown" : /later@/.test(line) ? "451 4.3.0 Later" : "250 Ok"),
    });
    const target = ["no@example.test", "yes@example.test", "later@example.test", "YES@example.test"].map((address) => ({
      address,
    }));
    const { outcomes } = await runOnce(platform, testMailActivity({ target }));
    expect(outcomes.map(({ status }) => status)).toEqual(["failed", "sent", "deferred", "sent"]);
    expect(outcomes.map(({ error }) => error?.platformCode)).toEqual([
      "550 5.1.1 Unknown",
      undefined,
      "451 4.3.0 Later",
      undefined,
    ]);
    expect(server.commands.filter((line) => line.startsWith("MAIL"))).toHaveLength(1);
    expect(server.messages).toHaveLength(1);
  });

  it("keeps a refused target failed when the message fails for the others", async () => {
    const { platform } = await scripted({
      rcpt: (line) => (/no@/.test(line) ? "550 5.1.1 Unknown" : "250 Ok"),
      dot: "drop",
    });
    const target = [{ address: "no@example.test" }, { address: "yes@example.test" }];
    const { outcomes } = await runOnce(platform, testMailActivity({ target }));
    expect(outcomes.map(({ status }) => status)).toEqual(["failed", "unknown"]);
  });
});

describe("connections", () => {
  it("are replaced when the server closed them during idle time", async () => {
    const { server, platform } = await scripted({});
    const client = await platform.createClient?.({
      app: "a",
      credentials: undefined,
      egress: noEgress,
      log: silentLog,
    });
    const send = () => platform.verbs.send?.run(client, testMailActivity(), testVerbContext());
    await send();
    server.dropConnection();
    await send();
    await platform.dispose?.(client);
    expect(server.messages).toHaveLength(2);
  });

  it("are replaced when a reused connection answers 421", async () => {
    const { server, platform } = await scripted({
      mail: (_line, times) => (times > 1 ? "421 4.7.0 Too many" : "250 Ok"),
    });
    const client = await platform.createClient?.({
      app: "a",
      credentials: undefined,
      egress: noEgress,
      log: silentLog,
    });
    for (let n = 0; n < 3; n++) await platform.verbs.send?.run(client, testMailActivity(), testVerbContext());
    await platform.dispose?.(client);
    expect(server.messages).toHaveLength(3);
    expect(server.connections()).toBe(3);
  });

  it("stay in use after a refusal", async () => {
    const { server, platform } = await scripted({ mail: (_line, times) => (times === 1 ? "550 5.7.1 No" : "250 Ok") });
    const client = await platform.createClient?.({
      app: "a",
      credentials: undefined,
      egress: noEgress,
      log: silentLog,
    });
    const send = () => platform.verbs.send?.run(client, testMailActivity(), testVerbContext());
    await expect(send()).rejects.toMatchObject({ code: "permission-denied" });
    await send();
    await platform.dispose?.(client);
    expect(server.connections()).toBe(1);
    expect(server.commands).toContain("RSET");
  });

  it("are at most ten to a relay under any load", async () => {
    const { server, platform } = await scripted({});
    const client = await platform.createClient?.({
      app: "a",
      credentials: undefined,
      egress: noEgress,
      log: silentLog,
    });
    await Promise.all(
      Array.from({ length: 60 }, () => platform.verbs.send?.run(client, testMailActivity(), testVerbContext())),
    );
    await platform.dispose?.(client);
    expect(server.messages).toHaveLength(60);
    expect(server.connections()).toBeLessThanOrEqual(10);
  });

  it("are shared by the relay's clients until the last one closes", async () => {
    const { server, platform } = await scripted({});
    const open = () => platform.createClient?.({ app: "a", credentials: undefined, egress: noEgress, log: silentLog });
    const [first, second] = [await open(), await open()];
    await platform.verbs.send?.run(first, testMailActivity(), testVerbContext());
    await platform.dispose?.(first);
    await platform.verbs.send?.run(second, testMailActivity(), testVerbContext());
    await platform.dispose?.(second);
    expect(server.connections()).toBe(1);
  });
});
