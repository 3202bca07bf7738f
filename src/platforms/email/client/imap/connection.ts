import type { Socket } from "node:net";
import type { ImapFlow } from "imapflow";
import { Failure } from "../../../../model/failure.ts";
import { startTls } from "../../../../platform/kit/start-tls.ts";
import type { Login } from "../../credentials.ts";
import { cleanLine } from "../../schemas/event-bounds.ts";
import type { MailboxEndpoint } from "../mailbox-endpoint.ts";

/** Time limits of the stages of an IMAP connection, and poll intervals, in ms. */
export interface ImapTimeouts {
  readonly connect: number;
  readonly greeting: number;
  /** Longest time without any byte while a command runs. */
  readonly silence: number;
  /** Interval for restarting IDLE. Also detects a dead peer; RFC 2177 asks for less than 29 min. */
  readonly idle: number;
  /** Poll interval for a server without IDLE. */
  readonly poll: number;
  /** Catching up beyond this time continues while the account is online already. */
  readonly catchUp: number;
}
export const IMAP_TIMEOUTS: ImapTimeouts = {
  connect: 30_000,
  greeting: 30_000,
  silence: 60_000,
  idle: 240_000,
  poll: 30_000,
  catchUp: 8_000,
};

/** Address, login and time limits of an IMAP mailbox. */
export interface ImapEndpoint extends MailboxEndpoint {
  readonly timeouts: ImapTimeouts;
}

/** Memory bounds on a server's output: bytes of line, literal, answer; tokens of an answer. */
export const BOUNDS = {
  maxLineLength: 2 * 1024 * 1024,
  maxLiteralSize: 1024 * 1024,
  maxResponseSize: 4 * 1024 * 1024,
  maxResponseTokens: 100_000,
};

const connectionErrors = new WeakMap<ImapFlow, unknown>();
const secretsOf = new WeakMap<ImapFlow, readonly string[]>();

/**
 * Returns the error that ended a connection in place of imapflow's plain "no connection". The server's text is added as
 * `safeText`, without the login's secrets.
 */
export function causeOf(imap: ImapFlow, thrown: unknown): unknown {
  const { code } = Object(thrown) as { readonly code?: unknown };
  const isPlain = code === "NoConnection" || code === "EConnectionClosed";
  return withSafeText(isPlain ? (connectionErrors.get(imap) ?? thrown) : thrown, secretsOf.get(imap) ?? []);
}

function withSafeText(thrown: unknown, secrets: readonly string[]): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const facts = thrown as Error & Readonly<Record<string, unknown>>;
  const { responseText, response, reason } = facts;
  let safeText = [responseText, response, reason].find((text) => typeof text === "string") ?? "";
  for (const secret of secrets) if (secret.length > 3) safeText = String(safeText).replaceAll(secret, "***");
  // Exchange answers BAD to the first command after a login while its own servers are out of touch.
  const isAfterLogin = facts.authenticationFailed === true && facts.responseStatus === undefined && safeText !== "";
  const status = isAfterLogin ? { responseStatus: "BAD" } : {};
  return Object.assign(thrown, { ...status, safeText: cleanLine(String(safeText), 200) });
}

/**
 * Connects through the egress guard, secures and logs in; a refused token is renewed once. Rejects with imapflow's or
 * Node's error, the token source's `Failure`, or the signal's reason. `shouldIdle` starts IDLE whenever no command runs.
 */
export async function openImap(endpoint: ImapEndpoint, shouldIdle: boolean, signal: AbortSignal): Promise<ImapFlow> {
  try {
    return await open(endpoint, shouldIdle, signal, false);
  } catch (thrown) {
    const isRefused = (thrown as { readonly authenticationFailed?: unknown }).authenticationFailed === true;
    if (!isRefused || !("token" in endpoint.login)) throw thrown;
    return open(endpoint, shouldIdle, signal, true);
  }
}

async function open(
  endpoint: ImapEndpoint,
  shouldIdle: boolean,
  signal: AbortSignal,
  renew: boolean,
): Promise<ImapFlow> {
  const { host, port, login, timeouts } = endpoint;
  signal.throwIfAborted();
  const secret: { readonly accessToken?: string; readonly pass?: string } =
    "token" in login ? { accessToken: await login.token(renew) } : { pass: login.password };
  // Before the socket is open: from then on somebody must listen to it.
  const library = await import("imapflow");
  const socket = await endpoint.connect(host, port, { timeoutMs: timeouts.connect, signal });
  const imap = new library.ImapFlow({
    ...BOUNDS,
    host,
    port,
    secure: endpoint.tls === "implicit",
    ...(endpoint.tls === "implicit" ? {} : { doSTARTTLS: endpoint.tls === "starttls" }),
    auth: { user: login.user, ...secret },
    transport: transportOver(socket, endpoint),
    logger: false,
    clientInfo: { name: "Dragoman" },
    // A compressed answer could be a thousand times larger than the bytes that were read.
    disableCompression: true,
    disableAutoIdle: !shouldIdle,
    autoIdleDelay: 50,
    maxIdleTime: timeouts.idle,
    connectionTimeout: timeouts.connect,
    greetingTimeout: timeouts.greeting,
    socketTimeout: timeouts.silence,
  });
  const plain = "token" in login ? (secret.accessToken ?? "") : login.password;
  secretsOf.set(imap, [plain, ...saslForms(login.user, plain)]);
  imap.on("error", (error) => connectionErrors.set(imap, error));
  const stop = () => imap.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await imap.connect();
    return imap;
  } catch (thrown) {
    imap.close();
    socket.destroy();
    signal.throwIfAborted();
    throw supportsLogin(imap, login) ? causeOf(imap, thrown) : tokensNotSupported();
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Returns the encoded forms in which a password or token is sent (PLAIN, LOGIN, XOAUTH2). */
function saslForms(user: string, secret: string): readonly string[] {
  return [secret, `\0${user}\0${secret}`, `user=${user}\u0001auth=Bearer ${secret}\u0001\u0001`].map((text) =>
    Buffer.from(text).toString("base64"),
  );
}

/** Gives imapflow the socket that the egress guard opened. Imapflow opens none itself. */
function transportOver(socket: Socket, { host, ca }: ImapEndpoint) {
  const trust = { host, ca };
  return {
    connect: (options: { readonly secure: boolean }, onConnect: () => void): Socket => {
      if (options.secure) return startTls(socket, trust, onConnect);
      setImmediate(onConnect);
      return socket;
    },
    upgrade: (_plain: unknown, _options: unknown, onSecure: () => void): Socket => startTls(socket, trust, onSecure),
  };
}

/** False when the server offers no mechanism for the login. Imapflow's error for this case has no code. */
function supportsLogin(imap: ImapFlow, login: Login): boolean {
  const { capabilities } = imap;
  if (capabilities.size === 0 || !("token" in login)) return true;
  return ["AUTH=XOAUTH2", "AUTH=XOAUTH", "AUTH=OAUTHBEARER"].some((mechanism) => capabilities.has(mechanism));
}

function tokensNotSupported(): Failure {
  const detail = "The mailbox's server takes no OAuth2 tokens: store the account with a password for it.";
  const platformCode = "CAPABILITY without AUTH=XOAUTH2";
  return new Failure({ kind: "auth", code: "credentials-invalid", detail, platformCode });
}
