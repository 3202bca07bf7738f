import { wantedBy } from "./arguments.ts";
import { EXIT, SendmailError } from "./exit-codes.ts";
import { outgoingMail } from "./message.ts";
import { type SendmailSettings, sendmailSettings } from "./settings-file.ts";
import { type SmtpEndpoint, SmtpReplyError, smtpSession } from "./smtp-client.ts";
import { type Spool, spool } from "./spool.ts";

/** Older mails that a call hands in beside its own. */
const MAX_OLDER = 20;
const WRONG_KEY = 535;

/** Runs sendmail with these words and settings; answers the exit code. Nothing but Node is loaded: it starts with every mail. */
export async function sendmail(words: readonly string[], settingsPath: string): Promise<number> {
  try {
    const wanted = wantedBy(words);
    const settings = sendmailSettings(settingsPath);
    const store = spool(settings.spool);
    if (wanted.mode === "list") return await list(store);
    if (wanted.mode === "flush") return await flush(store, settings, Number.POSITIVE_INFINITY);
    if (wanted.mode === "smtp") return await speak(settings);
    const mail = outgoingMail({ ...wanted, input: await standardInput() });
    const name = await store.put(mail);
    return await handIn(store, settings, name);
  } catch (error) {
    complain(error instanceof Error ? error.message : "an unknown error");
    return error instanceof SendmailError ? error.exitCode : EXIT.tempFail;
  }
}

function complain(words: string): void {
  process.stderr.write(`sendmail: ${words}\n`);
}

async function standardInput(): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of process.stdin) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function list(store: Spool): Promise<number> {
  const names = await store.list();
  process.stdout.write(`${names.length === 0 ? "Mail queue is empty" : names.join("\n")}\n`);
  return EXIT.ok;
}

/** Hands the new mail in, and some that wait. While the gateway is away it waits on disk: that is no failure of the caller's. */
async function handIn(store: Spool, settings: SendmailSettings, name: string): Promise<number> {
  const session = await smtpSession(settings).catch(async (error: unknown) => {
    if (!(error instanceof SmtpReplyError) || error.code !== WRONG_KEY) return undefined;
    await store.remove(name);
    throw new SendmailError(EXIT.config, error.message);
  });
  if (session === undefined) return EXIT.ok;
  try {
    const refusal = await deliver(store, session, name);
    if (refusal !== undefined) {
      await store.remove(name);
      throw new SendmailError(EXIT.dataError, refusal);
    }
  } finally {
    session.end();
  }
  return flush(store, settings, MAX_OLDER);
}

/** Delivers a waiting mail. Answers the words of a refusal for good; a passing one leaves it where it is. */
async function deliver(
  store: Spool,
  session: Awaited<ReturnType<typeof smtpSession>>,
  name: string,
): Promise<string | undefined> {
  const mail = await store.read(name);
  if (mail === undefined) return undefined;
  try {
    await session.send(mail);
    await store.remove(name);
  } catch (error) {
    if (!(error instanceof SmtpReplyError)) return undefined;
    await session.reset().catch(() => undefined);
    if (error.code >= 500) return error.message;
  }
  return undefined;
}

async function flush(store: Spool, endpoint: SmtpEndpoint, maxMails: number): Promise<number> {
  const names = (await store.list()).slice(0, maxMails);
  if (names.length === 0) return EXIT.ok;
  const session = await smtpSession(endpoint).catch(() => undefined);
  if (session === undefined) return EXIT.ok;
  for (const name of names) {
    const refusal = await deliver(store, session, name);
    if (refusal === undefined) continue;
    complain(`${name} is set aside: ${refusal}`);
    await store.setAside(name);
  }
  session.end();
  return EXIT.ok;
}

/** Lets a caller speak SMTP on its standard input to the gateway, logged in already. */
async function speak(endpoint: SmtpEndpoint): Promise<number> {
  const { socket } = await smtpSession(endpoint).catch((error: unknown) => {
    throw new SendmailError(EXIT.tempFail, error instanceof Error ? error.message : "an unknown error");
  });
  process.stdout.write("220 Dragoman\r\n");
  socket.on("data", (text) => process.stdout.write(text));
  // Its end must not end the connection before the last reply.
  process.stdin.pipe(socket, { end: false });
  process.stdin.once("end", () => socket.write("QUIT\r\n"));
  await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  return EXIT.ok;
}
