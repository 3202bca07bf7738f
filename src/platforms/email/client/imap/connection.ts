import type { Socket } from "node:net";
import { ImapFlow } from "imapflow";
import { Failure } from "../../../../model/failure.ts";
import { startTls } from "../../../../platform/kit/start-tls.ts";
import type { Egress } from "../../../../platform/platform.ts";
import type { Login } from "../smtp/connection.ts";

/** How long each stage may last and how often a quiet connection is looked at, in ms. */
export interface ImapPatience {
  readonly connect: number;
  readonly greeting: number;
  /** Without any byte while a command runs. */
  readonly silence: number;
  /** IDLE is begun anew after so long, which also finds a dead peer (RFC 2177 asks for less than 29 min). */
  readonly idle: number;
  /** How often a server without IDLE is asked. */
  readonly poll: number;
  /** A folder that holds more news than can be brought in this time is brought up while the account is online. */
  readonly catchUp: number;
}
export const IMAP_PATIENCE: ImapPatience = {
  connect: 30_000,
  greeting: 30_000,
  silence: 60_000,
  idle: 240_000,
  poll: 30_000,
  catchUp: 8_000,
};

/** Where a mailbox is and how to get in. */
export interface ImapWay {
  readonly connect: Egress["connect"];
  readonly host: string;
  readonly port: number;
  readonly tls: "implicit" | "starttls" | "none";
  readonly ca?: string | undefined;
  readonly login: Login;
  readonly patience: ImapPatience;
}

/** What a server may make us hold at once: bytes of a line, of a literal and of a whole answer, and parts of it. */
export const BOUNDS = {
  maxLineLength: 2 * 1024 * 1024,
  maxLiteralSize: 1024 * 1024,
  maxResponseSize: 4 * 1024 * 1024,
  maxResponseTokens: 100_000,
};

const ends = new WeakMap<ImapFlow, unknown>();

/** Why a connection ended, where work on it found no more than that it did. */
export function causeOf(imap: ImapFlow, thrown: unknown): unknown {
  const { code } = Object(thrown) as { readonly code?: unknown };
  return code === "NoConnection" || code === "EConnectionClosed" ? (ends.get(imap) ?? thrown) : thrown;
}

/**
 * Connects through the egress guard, secures and logs in; a refused token is renewed once. Rejects with imapflow's or
 * Node's error, the token source's `Failure`, or the signal's reason. `listens` lets it IDLE whenever nothing is to be done.
 */
export async function openImap(way: ImapWay, listens: boolean, signal: AbortSignal): Promise<ImapFlow> {
  try {
    return await open(way, listens, signal, false);
  } catch (thrown) {
    const refused = (thrown as { readonly authenticationFailed?: unknown }).authenticationFailed === true;
    if (!refused || !("token" in way.login)) throw thrown;
    return open(way, listens, signal, true);
  }
}

async function open(way: ImapWay, listens: boolean, signal: AbortSignal, renew: boolean): Promise<ImapFlow> {
  const { host, port, login, patience } = way;
  signal.throwIfAborted();
  const secret = "token" in login ? { accessToken: await login.token(renew) } : { pass: login.password };
  const socket = await way.connect(host, port, { timeoutMs: patience.connect, signal });
  const imap = new ImapFlow({
    ...BOUNDS,
    host,
    port,
    secure: way.tls === "implicit",
    ...(way.tls === "implicit" ? {} : { doSTARTTLS: way.tls === "starttls" }),
    auth: { user: login.user, ...secret },
    transport: over(socket, way),
    logger: false,
    clientInfo: { name: "Dragoman" },
    // What comes compressed could be a thousand times larger than what was read.
    disableCompression: true,
    disableAutoIdle: !listens,
    autoIdleDelay: 50,
    maxIdleTime: patience.idle,
    connectionTimeout: patience.connect,
    greetingTimeout: patience.greeting,
    socketTimeout: patience.silence,
  });
  imap.on("error", (error) => ends.set(imap, error));
  const stop = () => imap.close();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await imap.connect();
    return imap;
  } catch (thrown) {
    imap.close();
    socket.destroy();
    signal.throwIfAborted();
    throw knownMeans(imap, login) ? thrown : noMeans();
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** imapflow's way to its server: the socket that the guard gave, which is there already. */
function over(socket: Socket, { host, ca }: ImapWay) {
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

/** False when the server was heard and offers no way in that fits the login: imapflow's error for it has no code. */
function knownMeans(imap: ImapFlow, login: Login): boolean {
  const { capabilities } = imap;
  if (capabilities.size === 0 || !("token" in login)) return true;
  return ["AUTH=XOAUTH2", "AUTH=XOAUTH", "AUTH=OAUTHBEARER"].some((means) => capabilities.has(means));
}

function noMeans(): Failure {
  const detail = "The mailbox's server takes no OAuth2 tokens: store the account with a password for it.";
  return new Failure({ kind: "auth", code: "credentials-invalid", detail });
}
