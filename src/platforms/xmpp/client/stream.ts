import { startTls, tlsHandshake } from "../../../platform/kit/start-tls.ts";
import type { Egress } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import { noLogin, noTls } from "../errors.ts";
import { domain, local } from "./jid.ts";
import { answerRequests, type LibraryAdapter, libraryAdapter, type Stanza } from "./library.ts";
import { type StreamSocket, streamSocket } from "./socket.ts";
import { connectFirst, findEndpoints, type SrvLookup } from "./srv.ts";
import { serialize, streamApi } from "./stream-api.ts";
import {
  enableStreamManagement,
  isStanza,
  MECHANISMS,
  NS_SM,
  routeElement,
  type StreamState,
} from "./stream-elements.ts";
import { streamManagement } from "./stream-management.ts";

export interface StreamOptions {
  readonly address: string;
  readonly credentials: Credentials;
  readonly egress: Egress;
  readonly signal: AbortSignal;
  readonly resource: string;
  /** Receives each message and presence in order. The receiver calls `markHandled` when done with the stanza. */
  readonly onStanza: (stanza: Stanza, markHandled: () => void) => void;
  /** Called once when the stream ends without `close`. */
  readonly onEnd: (thrown: unknown) => void;
  readonly srvLookup?: SrvLookup;
  readonly timeouts?: Timeouts;
}
/** Time limits in ms: whole login, single answer, silence before a probe. */
export interface Timeouts {
  readonly loginMs: number;
  readonly responseMs: number;
  readonly keepaliveMs: number;
}
const TIMEOUTS: Timeouts = { loginMs: 30_000, responseMs: 20_000, keepaliveMs: 60_000 };

/** A logged-in stream. */
export interface Stream {
  /** Our full JID, as the server bound it. */
  readonly jid: string;
  /** Writes a stanza; returns its sequence number for `acknowledged`. Throws a `Failure` when nothing was written. */
  readonly send: (stanza: Stanza) => number;
  /** Sends a request (iq) and resolves with the answer. Rejects with a StanzaError, or when the stream ends. */
  readonly request: (type: "get" | "set", child: Stanza, to?: string) => Promise<Stanza>;
  /** Resolves when the server has taken all stanzas up to that number. Rejects when the stream ends first. */
  readonly acknowledged: (sequence: number) => Promise<void>;
  /** Settles as `work` does; rejects when the stream ends or the time is up. */
  readonly withTimeout: <T>(work: Promise<T>, ms?: number) => Promise<T>;
  readonly pause: (isPaused: boolean) => void;
  readonly isEnded: () => boolean;
  /** Ends the stream for a reason of ours and calls `onEnd`. */
  readonly fail: (thrown: unknown) => void;
  /** Tells the server that the account is away, and resolves when it knows. From then on nothing else is sent. */
  readonly leave: () => Promise<void>;
  /** Tells whether the account is away by `leave`, so that `send` throws. */
  readonly hasLeft: () => boolean;
  readonly close: () => Promise<void>;
}

/** Connects, starts TLS, logs in and enables XEP-0198. Throws errors that `classifyError` knows. */
export async function openStream(options: StreamOptions): Promise<Stream> {
  const { address, credentials, signal, timeouts = TIMEOUTS } = options;
  const { tls = "starttls" } = credentials;
  const host = domain(address);
  const tcp = await connectFirst(await findEndpoints(host, credentials, options.srvLookup), options.egress, signal);
  const socket = streamSocket(options.onEnd);
  socket.attach(tcp);
  const stop = () => socket.end(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const state: StreamState = {
    receivedAt: Date.now(),
    offersStreamManagement: false,
    owesAcknowledgement: false,
    onCountingStarted: () => undefined,
  };
  const counts = streamManagement(() => {
    if (!state.owesAcknowledgement || !counts.isAllHandled() || socket.isEnded()) return;
    state.owesAcknowledgement = false;
    socket.write(`<a xmlns='${NS_SM}' h='${counts.handledCount()}'/>`);
  });
  const secure = async () => {
    const trust = { host, ca: credentials.ca, protocol: "xmpp-client" };
    const tlsSocket = await tlsHandshake(startTls(tcp, trust), timeouts.loginMs);
    socket.attach(tlsSocket);
    adapter.attach(tlsSocket, true);
  };
  const adapter: LibraryAdapter = libraryAdapter({
    domain: host,
    resource: options.resource,
    stepMs: timeouts.responseMs,
    login: (isSecure, mechanisms) => chooseLogin(options, isSecure, mechanisms),
    onElement: routeElement({
      options,
      socket,
      state,
      counts,
      startTls: secure,
      restart: () => adapter.openStream(),
    }),
    write: (stanza) => {
      socket.write(serialize(stanza));
      if (isStanza(stanza)) counts.sent();
    },
    fail: socket.fail,
  });
  answerRequests(adapter.library);
  try {
    if (tls === "implicit") await socket.withTimeout(secure(), timeouts.loginMs);
    else adapter.attach(tcp, false);
    const jid = await logIn(adapter, socket, timeouts.loginMs);
    if (state.offersStreamManagement) await enableStreamManagement({ socket, state, counts }, timeouts.responseMs);
    return streamApi({ jid, socket, state, counts, adapter, timeouts });
  } catch (thrown) {
    socket.end(thrown);
    throw thrown;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function chooseLogin({ address, credentials }: StreamOptions, isSecure: boolean, mechanisms: readonly string[]) {
  if (!isSecure && credentials.tls !== "none") throw noTls();
  const mechanism = MECHANISMS.find((name) => mechanisms.includes(name));
  if (mechanism === undefined) throw noLogin(mechanisms);
  return { mechanism, user: credentials.user ?? local(address), password: credentials.password };
}

/** Opens the XML stream and resolves with the bound JID. */
async function logIn({ library, openStream: open }: LibraryAdapter, socket: StreamSocket, ms: number): Promise<string> {
  const online = new Promise<string>((resolve) => {
    library.on("online", (jid) => resolve(jid.toString()));
  });
  open().catch(socket.fail);
  return socket.withTimeout(online, ms);
}
