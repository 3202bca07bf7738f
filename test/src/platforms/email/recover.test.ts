import { createServer } from "node:http";
import { type AddressInfo, createServer as createTcp, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Activity } from "../../../../src/model/activity.ts";
import type { Failure } from "../../../../src/model/failure.ts";
import { silentLog } from "../../../../src/model/log.ts";
import type { Receipt } from "../../../../src/platform/platform.ts";
import { email } from "../../../../src/platforms/email/platform.ts";
import { type TestConnectionContext, testConnectionContext } from "../../../support/connection-context.ts";
import { lmtpMailer } from "../../../support/lmtp-mailer.ts";
import { loopbackEgress } from "../../../support/loopback-egress.ts";
import { type TestMail, testMail } from "../../../support/postfix.ts";
import { runOnce } from "../../../support/run-verb.ts";
import { testMailActivity, testVerbContext } from "../../../support/verb-context.ts";

let server: TestMail;
let lmtp: ReturnType<typeof lmtpMailer>;
const guard = loopbackEgress();
const platform = email({});

const credentials = (user = "bob") => ({
  host: "127.0.0.1",
  port: server.port,
  ca: server.ca,
  user,
  password: `${user}-pw`,
  mailbox: { protocol: "imap", host: "127.0.0.1", port: server.dovecot.imapPort, tls: "starttls", ca: server.ca },
});
const to = (...users: readonly string[]) => users.map((user) => ({ address: `${user}@example.test` }));

beforeAll(async () => {
  // Postfix accepts mail for every user; Dovecot then refuses unknown ones.
  server = await testMail({ extra: ["virtual_mailbox_maps = static:any"] });
  lmtp = lmtpMailer(server.dovecot.lmtpPort);
});
afterAll(async () => {
  lmtp.close();
  await server?.stop();
  await guard.close();
});

describe("receipts of a sent mail", () => {
  let connectionContext: TestConnectionContext;
  let client: unknown;
  beforeAll(async () => {
    connectionContext = testConnectionContext({
      address: "bob@example.test",
      egress: guard,
      credentials: credentials(),
    });
    client = await platform.connect?.(connectionContext);
  });
  afterAll(async () => platform.dispose?.(client));

  it("report a bounce under the rid, and the report itself arrives", async () => {
    const commits: unknown[] = [];
    const activity = testMailActivity({ target: to("ghost"), object: { subject: "to nobody", body: "x" } });
    const commit = async (more?: object) => void commits.push(more);
    const receipt = await runOnce(platform, activity, { credentials: credentials(), egress: guard, commit });
    expect(receipt.outcomes).toMatchObject([{ status: "sent" }]);
    expect(commits).toEqual([{ receiptTtlSeconds: 432_000 }]);
    const report = await connectionContext.reported(({ id }) => id === activity.id);
    expect(report).toMatchObject({
      status: "failed",
      target: "ghost@example.test",
      error: { code: "recipient-unknown", retryable: false, platformCode: expect.stringMatching(/^5\.1\.1 /) },
    });
    const { event } = await connectionContext.arrived(({ event: { object } }) => reportOf(object) !== undefined);
    expect(reportOf(event.object)).toMatchObject({
      id: receipt.object?.id,
      recipients: [{ address: "ghost@example.test", action: "failed", status: "5.1.1" }],
    });
  });

  it("report the delivery where requested", async () => {
    const activity = testMailActivity({ target: to("alice"), object: { subject: "tell me", body: "x", dsn: true } });
    const receipt = await runOnce(platform, activity, { credentials: credentials(), egress: guard });
    expect(receipt.object).toMatchObject({ dsn: true });
    const report = await connectionContext.reported(({ id }) => id === activity.id);
    expect(report).toEqual({ id: activity.id, status: "delivered", target: "alice@example.test" });
  });
});

describe("recovery of a mail with unknown outcome", () => {
  async function resolved(activity: Activity, account: object = credentials()): Promise<Receipt | undefined> {
    const access = { app: "app1", credentials: account as never, egress: guard, log: silentLog };
    const client = await platform.createClient?.(access);
    const pending = activity.target.map((_, index) => index);
    try {
      return await platform.recover?.(client, activity, testVerbContext({ pending }));
    } finally {
      await platform.dispose?.(client);
    }
  }
  const raw = (...lines: readonly string[]) => Buffer.from(`${lines.join("\r\n")}\r\n\r\nx\r\n`);

  it("finds it sent when the sender's copy is in the mailbox", async () => {
    const activity = testMailActivity({ target: to("alice", "carol") });
    const id = `<${activity.id}@example.test>`;
    await lmtp.put("bob", raw("Subject: own copy", `Message-ID: ${id}`));
    expect(await resolved(activity)).toEqual({
      outcomes: to("alice", "carol").map((target) => ({ ...target, status: "sent", id })),
      object: { id, email: { found: "mailbox" } },
    });
  });

  it("finds it sent when a reply or a report is in the mailbox", async () => {
    const [answered, returned] = [testMailActivity(), testMailActivity()];
    await lmtp.put("bob", raw("Subject: Re: it", `In-Reply-To: <${answered.id}@example.test>`));
    expect(await resolved(answered)).toMatchObject({ outcomes: [{ status: "sent" }] });
    await lmtp.put("bob", Buffer.from(`Subject: Returned\r\n\r\nYour mail ${returned.id}@example.test is lost\r\n`));
    expect(await resolved(returned)).toMatchObject({ outcomes: [{ status: "sent" }] });
  });

  it("stays unknown without a trace or a mailbox", { timeout: 30_000 }, async () => {
    expect(await resolved(testMailActivity())).toBeUndefined();
    const { mailbox: _without, ...bare } = credentials();
    expect(await resolved(testMailActivity(), bare)).toBeUndefined();
  });

  it("is repeated when the mailbox is unavailable", async () => {
    const account = { ...credentials(), mailbox: { ...credentials().mailbox, port: 1 } };
    const thrown = await resolved(testMailActivity(), account).catch((fault: unknown) => platform.classifyError(fault));
    expect(thrown).toMatchObject({ kind: "retryable", code: "platform-unavailable" });
  });

  it("finds a completed move, and completes a missing one", async () => {
    await lmtp.put("carol", "to move");
    await lmtp.put("carol", "to delete");
    const access = { app: "app1", credentials: credentials("carol") as never, egress: guard, log: silentLog };
    const client = await platform.createClient?.(access);
    const move = testMailActivity({ verb: "move", target: [], object: { uid: 1, destination: "Sent" } });
    for (const uids of [[1], []]) {
      const receipt = await platform.recover?.(client, move, testVerbContext());
      expect(receipt).toMatchObject({ outcomes: [], object: { uid: uids } });
    }
    await platform.dispose?.(client);
  });
});

describe("faulty servers", () => {
  /** An IMAP server that answers by these words; `$` stands for the command's tag. */
  async function scripted(answers: Readonly<Record<string, string | ((socket: Socket) => void)>>) {
    const commands: string[] = [];
    const tcp = createTcp((socket) => {
      socket.on("error", () => undefined);
      socket.write("* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 AUTH=PLAIN SASL-IR IDLE] hello\r\n");
      let rest = "";
      socket.on("data", (chunk) => {
        const lines = (rest + chunk.toString("latin1")).split("\r\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          commands.push(line);
          const [tag = "", ...args] = line.split(" ");
          const key = Object.keys(answers).find((prefix) => args.join(" ").startsWith(prefix));
          const answer = key === undefined ? "$ OK done" : answers[key];
          if (typeof answer === "function") answer(socket);
          else socket.write(`${answer?.replaceAll("$", tag)}\r\n`);
        }
      });
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => tcp.once("listening", resolve));
    return { port: (tcp.address() as AddressInfo).port, commands, stop: () => tcp.close() };
  }
  const account = (port: number, more: object = { password: "secret-4711" }) => ({
    host: "127.0.0.1",
    user: "bob",
    ...more,
    mailbox: { protocol: "imap", host: "127.0.0.1", port, tls: "none" },
  });
  async function outcome(port: number, more?: object): Promise<Failure> {
    const activity = testMailActivity({ verb: "fetch", target: [], object: { uid: 1 } });
    return runOnce(platform, activity, { credentials: account(port, more), egress: guard }).then(
      () => expect.unreachable("It was read"),
      (thrown) => thrown,
    );
  }
  const SELECTED = "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] \r\n* OK [UIDNEXT 2] \r\n$ OK [READ-ONLY] done";

  it.each([
    ["announces a literal of a gigabyte", "* 1 FETCH (UID 1 BODY[] {999999999}", "platform-protocol-error"],
    ["never ends its line", `* 1 FETCH (UID 1 ${"x".repeat(3_000_000)}`, "platform-protocol-error"],
    ["nests without end", `* 1 FETCH (BODYSTRUCTURE ${"(".repeat(100_000)}\r\n$ OK done`, "platform-protocol-error"],
    ["refuses with its secret", "$ NO [SERVERBUG] secret-4711 is bob's", "platform-unavailable"],
    ["is over quota", "$ NO [LIMIT] not so fast", "platform-rate-limited"],
  ])("are classified: one that %s", async (_what, answer, code) => {
    const imap = await scripted({ EXAMINE: SELECTED, "UID SEARCH": "* SEARCH 1\r\n$ OK done", "UID FETCH": answer });
    const failure = await outcome(imap.port);
    expect(failure).toMatchObject({ code });
    expect(`${failure.message} ${failure.platformCode}`).not.toContain("secret");
    imap.stop();
  });

  it("cause one refresh of a refused token, which is stored", async () => {
    let searches = 0;
    const web = createServer((_request, response) => {
      searches += 1;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ access_token: "fresh", expires_in: 3_600, refresh_token: "r2" }));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => web.once("listening", resolve));
    const sasl = (token: string) => Buffer.from(`user=bob\x01auth=Bearer ${token}\x01\x01`).toString("base64");
    const imap = await scripted({
      [`AUTHENTICATE XOAUTH2 ${sasl("fresh")}`]: "$ OK in",
      "AUTHENTICATE XOAUTH2": "$ NO [AUTHENTICATIONFAILED] no",
      EXAMINE: SELECTED,
      "UID SEARCH": "* SEARCH\r\n$ OK done",
    });
    const tokenUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}/token`;
    const oauth2 = { tokenUrl, clientId: "c", refreshToken: "r1", accessToken: "stale" };
    expect(await outcome(imap.port, { oauth2 })).toMatchObject({ code: "recipient-unknown" });
    expect(searches).toBe(1);
    expect(imap.commands.filter((line) => line.includes("AUTHENTICATE"))).toHaveLength(2);
    const stored: unknown[] = [];
    const connectionContext = testConnectionContext({
      address: "bob@example.test",
      egress: guard,
      credentials: account(imap.port, { oauth2 }),
      saveCredentials: async (credentials) => void stored.push(credentials),
    });
    await platform.dispose?.(await platform.connect?.(connectionContext));
    expect(stored).toMatchObject([{ oauth2: { accessToken: "fresh", refreshToken: "r2" } }]);
    imap.stop();
    web.close();
  });

  it("are final when they refuse the stored refresh token only", async () => {
    const web = createServer((_request, response) => {
      response.statusCode = 400;
      response.end(JSON.stringify({ error: "invalid_grant" }));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => web.once("listening", resolve));
    const imap = await scripted({ AUTHENTICATE: "$ OK in", EXAMINE: SELECTED, "UID FETCH": "$ OK done" });
    const tokenUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}/token`;
    let last: TestConnectionContext | undefined;
    const holding = async (oauth2: object): Promise<Failure | undefined> => {
      const credentials = account(imap.port, { oauth2: { tokenUrl, clientId: "c", ...oauth2 } });
      const context = { address: "bob@example.test", egress: guard, credentials };
      last = testConnectionContext({ ...context, ...(last ? { stateOf: last } : {}) });
      try {
        await platform.dispose?.(await platform.connect?.(last));
        return undefined;
      } catch (thrown) {
        return platform.classifyError(thrown);
      }
    };
    expect(await holding({ refreshToken: "r1" })).toMatchObject({ kind: "retryable", retryAfterMs: 2_000 });
    expect(await holding({ refreshToken: "r2", accessToken: "of another worker" })).toBeUndefined();
    expect(await holding({ refreshToken: "r2" })).toMatchObject({ kind: "retryable" });
    expect(await holding({ refreshToken: "r2" })).toMatchObject({ kind: "auth", code: "credentials-expired" });
    imap.stop();
    web.close();
  });
});

function reportOf(object: Readonly<Record<string, unknown>>): unknown {
  return ((object.email ?? {}) as { readonly report?: unknown }).report;
}
