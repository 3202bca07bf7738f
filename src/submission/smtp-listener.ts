import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { simpleParser } from "mailparser";
import {
  SMTPServer,
  type SMTPServerAuthentication,
  type SMTPServerDataStream,
  type SMTPServerOptions,
  type SMTPServerSession,
} from "smtp-server";
import { matchesHash, parseApiKey } from "../apps/api-key.ts";
import type { CachedKey } from "../apps/key-cache.ts";
import type { Caller } from "../model/caller.ts";
import type { Log } from "../model/log.ts";
import { Refusal } from "../model/refusal.ts";
import type { SubmitActivity } from "../operations/submit-activity.ts";
import { dsnTerms } from "./dsn-terms.ts";
import { type MailActivity, mailActivities } from "./mail-activities.ts";
import { MAX_MESSAGE_BYTES, messageBytes } from "./message-bytes.ts";
import { isNetworkDomain, networkAddress } from "./recipients.ts";
import { SmtpRefusal, smtpRefusal } from "./smtp-refusal.ts";

export interface SmtpListenerDeps {
  readonly host: string;
  readonly port: number;
  /** Files of the certificate; without them STARTTLS is not offered. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly domain: string;
  readonly keys: (keyId: string) => Promise<CachedKey | undefined>;
  readonly submit: SubmitActivity;
  /** The app's only account on a network; undefined where it has none or several. */
  readonly accountOn: (app: string, platform: string) => Promise<string | undefined>;
  readonly log: Log;
}

export interface SmtpListener {
  readonly port: number;
  /** Takes no new connections, lets transactions end, and resolves when all are closed. */
  readonly stop: () => Promise<void>;
}

const MAX_RECIPIENTS = 100;
const MAX_CLIENTS = 500;
const IDLE_MS = 60_000;
const CLOSE_MS = 5_000;
/** Delay of the answer to a wrong key, in ms. Slows guessing down. */
const WRONG_LOGIN_MS = 1_000;
const PARSING = { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true, keepCidLinks: true } as const;

/**
 * Takes mail by SMTP (RFC 5321, 6409) and submits it as an app's activities. The login's password is the app's key. The
 * reply to DATA comes when the activities are stored: 250 promises the same as the 202 of a POST.
 */
export async function smtpListener(deps: SmtpListenerDeps): Promise<SmtpListener> {
  const server = new SMTPServer({
    ...optionsOf(deps),
    onAuth: (auth, _session, done) => {
      login(deps, auth).then(
        (caller) => done(null, { user: caller as unknown as string }),
        (error: unknown) => done(asError(error, deps.log)),
      );
    },
    onRcptTo: ({ address }, session, done) => {
      done(recipientFault(address, session, deps.domain));
    },
    onData: (stream, session, done) => {
      storeMail(deps, stream, session).then(
        (reply) => done(null, reply),
        (error: unknown) => done(asError(error, deps.log)),
      );
    },
  });
  // Clients that break off are everyday; a mail is taken or not by the reply alone.
  server.on("error", (err) => deps.log.debug({ err }, "mail submission: connection failed"));
  await new Promise<void>((resolve, reject) => {
    server.server.once("error", reject);
    server.listen(deps.port, deps.host, () => resolve());
  });
  return {
    port: (server.server.address() as AddressInfo).port,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

function optionsOf({ tls }: SmtpListenerDeps): SMTPServerOptions {
  return {
    banner: "Dragoman",
    authMethods: ["PLAIN", "LOGIN"],
    size: MAX_MESSAGE_BYTES,
    maxClients: MAX_CLIENTS,
    socketTimeout: IDLE_MS,
    closeTimeout: CLOSE_MS,
    disableReverseLookup: true,
    hideDSN: false,
    logger: false,
    ...(tls === undefined
      ? { allowInsecureAuth: true, hideSTARTTLS: true }
      : { allowInsecureAuth: false, cert: readFileSync(tls.cert), key: readFileSync(tls.key), minVersion: "TLSv1.2" }),
  };
}

/** Finds the app by its key, which is the password; the user name is ignored. Throws `SmtpRefusal`. */
async function login({ keys }: SmtpListenerDeps, auth: SMTPServerAuthentication): Promise<Caller> {
  const password = auth.password ?? "";
  const apiKey = parseApiKey(password);
  const key = apiKey === undefined || apiKey === "mistyped" ? undefined : await keys(apiKey.id);
  if (key === undefined || !matchesHash(password, key.record.hash) || key.record.revoked !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, WRONG_LOGIN_MS));
    throw new SmtpRefusal(535, "5.7.8 The password is an app's API key; this is none");
  }
  if (!key.caller.scopes.has("send")) throw new SmtpRefusal(535, "5.7.8 The key lacks the scope send");
  return key.caller;
}

function recipientFault(address: string, session: SMTPServerSession, domain: string): SmtpRefusal | null {
  if (session.envelope.rcptTo.length >= MAX_RECIPIENTS)
    return new SmtpRefusal(452, "4.5.3 At most 100 recipients at once");
  if (isNetworkDomain(address, domain) && networkAddress(address, domain) === undefined)
    return new SmtpRefusal(550, `5.1.3 A network's address is written like ops%23room@irc.${domain}`);
  return null;
}

/**
 * Stores a mail's activities and returns the reply. A mail that was stored in part is refused for now: its stored activities
 * have the same rids when the mail comes again.
 */
async function storeMail(
  deps: SmtpListenerDeps,
  stream: SMTPServerDataStream,
  session: SMTPServerSession,
): Promise<string> {
  const bytes = await messageBytes(stream);
  const caller = session.user as unknown as Caller;
  const { mailFrom, rcptTo } = session.envelope;
  const activities = await mailActivities({
    mail: await simpleParser(bytes, PARSING),
    envelope: {
      from: mailFrom === false ? "" : mailFrom.address,
      to: rcptTo.map(({ address }) => address),
      dsn: dsnTerms(session.envelope),
    },
    domain: deps.domain,
    accountOn: (platform) => deps.accountOn(caller.app, platform),
  });
  const rids: string[] = [];
  for (const activity of activities) rids.push(await submitted(deps.submit, caller, activity));
  return `2.0.0 Taken as ${rids.join(" ")}`;
}

async function submitted(
  submit: SubmitActivity,
  caller: Caller,
  { activity, other, dsn }: MailActivity,
): Promise<string> {
  try {
    return String((await submit(caller, activity, undefined, dsn)).confirm.rid);
  } catch (error) {
    if (other === undefined || !(error instanceof Refusal) || error.code !== "rid-reused") throw error;
    return String((await submit(caller, { ...activity, rid: other }, undefined, dsn)).confirm.rid);
  }
}

function asError(error: unknown, log: Log): SmtpRefusal {
  const refusal = smtpRefusal(error);
  if (!(error instanceof Refusal) && !(error instanceof SmtpRefusal))
    log.warn({ err: error }, "mail submission failed; the sender comes back");
  return refusal;
}
