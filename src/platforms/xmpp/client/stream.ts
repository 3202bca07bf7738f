import { xml } from "@xmpp/client";
import { startTls, tlsHandshake } from "../../../platform/kit/start-tls.ts";
import type { Egress } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import { noAnswer, noTls, uncarried } from "../errors.ts";
import { domain, isCarried, local } from "./jid.ts";
import { answers, type Engine, engine, type Stanza } from "./library.ts";
import { type Wire, wire } from "./socket.ts";
import { dial, places, type Srv } from "./srv.ts";
import { type Acks, acks } from "./stream-management.ts";

export const NS_SM = "urn:xmpp:sm:3";
const NS_STREAM = "http://etherx.jabber.org/streams";
const NS_TLS = "urn:ietf:params:xml:ns:xmpp-tls";

export interface StreamSetup {
  readonly address: string;
  readonly credentials: Credentials;
  readonly egress: Egress;
  readonly signal: AbortSignal;
  readonly resource: string;
  /** Messages and presences, in their order; `handled` is called when one has been dealt with. */
  readonly onStanza: (stanza: Stanza, handled: () => void) => void;
  /** Called once when the stream ends by itself. */
  readonly onEnd: (thrown: unknown) => void;
  readonly srv?: Srv;
  readonly patience?: Patience;
}
/** In ms: the whole login, one answer, and how often a quiet server is asked whether it is there. */
export interface Patience {
  readonly login: number;
  readonly answer: number;
  readonly quiet: number;
}
const PATIENCE: Patience = { login: 30_000, answer: 20_000, quiet: 60_000 };

/** A logged-in stream. */
export interface Stream {
  /** Our full JID, as the server bound it. */
  readonly jid: string;
  /** Writes a stanza; answers its place for `proof`. Throws a `Failure` when nothing was written. */
  readonly put: (stanza: Stanza) => number;
  /** Asks (iq) and resolves with the answer; rejects with the library's StanzaError, or when the stream ends. */
  readonly ask: (type: "get" | "set", child: Stanza, to?: string) => Promise<Stanza>;
  /** Resolves when the server has taken all up to that place; rejects when the stream ends first. */
  readonly proof: (place: number) => Promise<void>;
  /** Settles as the work does, or rejects when the stream ends or the time is up. */
  readonly within: <T>(work: Promise<T>, ms?: number) => Promise<T>;
  readonly pause: (paused: boolean) => void;
  /** Ends it for a reason of ours; `onEnd` is told. */
  readonly fail: (thrown: unknown) => void;
  readonly close: () => Promise<void>;
}

/** Connects, secures, logs in and counts (XEP-0198). Throws what `explain` knows. */
export async function openStream(setup: StreamSetup): Promise<Stream> {
  const { address, credentials, signal, patience = PATIENCE } = setup;
  const { tls = "starttls" } = credentials;
  const name = domain(address);
  const socket = await dial(await places(name, credentials, setup.srv), setup.egress, signal);
  const line = wire(setup.onEnd);
  line.use(socket);
  const stop = () => line.end(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const state: State = { heard: Date.now(), offersCounting: false, owes: false, counted: () => undefined };
  const counts = acks(() => {
    if (!state.owes || !counts.isSettled() || line.isOver()) return;
    state.owes = false;
    line.write(`<a xmlns='${NS_SM}' h='${counts.handled()}'/>`);
  });
  const secure = async () => {
    const trust = { host: name, ca: credentials.ca, protocol: "xmpp-client" };
    const safe = await tlsHandshake(startTls(socket, trust), patience.login);
    line.use(safe);
    inner.attach(safe, true);
  };
  const inner: Engine = engine({
    domain: name,
    resource: setup.resource,
    stepMs: patience.answer,
    login: (isSecure, mechanisms) => {
      if (!isSecure && tls !== "none") throw noTls();
      const mechanism = mechanisms.find((one) => one.startsWith("SCRAM-")) ?? "PLAIN";
      return { mechanism, user: credentials.user ?? local(address), password: credentials.password };
    },
    onElement: junction({ setup, line, state, counts, secure, restart: () => inner.begin() }),
    put: (stanza) => {
      line.write(carried(stanza));
      if (isStanza(stanza)) counts.sent();
    },
    fail: line.fail,
  });
  answers(inner.library);
  try {
    if (tls === "implicit") await line.within(secure(), patience.login);
    else inner.attach(socket, false);
    const online = new Promise<string>((resolve) => {
      inner.library.on("online", (jid) => resolve(jid.toString()));
    });
    inner.begin().catch(line.fail);
    const jid = await line.within(online, patience.login);
    if (state.offersCounting) await count(line, state, counts, patience.answer);
    return handle({ jid, line, state, counts, inner, patience });
  } catch (thrown) {
    line.end(thrown);
    throw thrown;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** What both sides of a stream share. */
interface State {
  heard: number;
  offersCounting: boolean;
  /** The server asked, and got an answer that left something out. */
  owes: boolean;
  counted: () => void;
}

/** Without resumption: a new owner of the account catches up from the archive, or gets what was not acknowledged. */
function count(line: Wire, state: State, counts: Acks, ms: number): Promise<void> {
  const counted = new Promise<void>((resolve) => {
    state.counted = resolve;
  });
  line.write(`<enable xmlns='${NS_SM}'/>`);
  counts.enable();
  return line.within(counted, ms);
}

interface Junction {
  readonly setup: StreamSetup;
  readonly line: Wire;
  readonly state: State;
  readonly counts: Acks;
  readonly secure: () => Promise<void>;
  readonly restart: () => Promise<void>;
}

/** Decides what of the stream the library sees: login and binding. The rest is ours. */
function junction({ setup, line, state, counts, secure, restart }: Junction): (element: Stanza) => boolean {
  const { tls = "starttls" } = setup.credentials;
  let securing: "no" | "asked" | "under way" | "done" = tls === "starttls" ? "no" : "done";

  function features(element: Stanza): boolean {
    state.offersCounting = element.getChild("sm", NS_SM) !== undefined;
    if (securing === "no") {
      if (!element.getChild("starttls", NS_TLS)) throw noTls();
      securing = "asked";
      line.write(`<starttls xmlns='${NS_TLS}'/>`);
      return true;
    }
    // What is left is what the library does alone: one way to log in, and no second opinion on TLS and counting.
    const known = element.getChildElements().filter((one) => one.name === "mechanisms" || one.name === "bind");
    if (known.length === 0) throw noTls();
    element.children = known;
    return false;
  }

  function proceed(element: Stanza): boolean {
    if (!element.is("proceed", NS_TLS)) throw noTls();
    securing = "under way";
    secure()
      .then(() => {
        securing = "done";
        return restart();
      })
      .catch(line.fail);
    return true;
  }

  return (element) => {
    state.heard = Date.now();
    // Whatever came in clear behind <proceed/> is not from whom the certificate names.
    if (securing === "under way" || line.isOver()) return true;
    if (element.is("error", NS_STREAM)) throw streamError(element);
    if (securing === "asked") return proceed(element);
    if (element.is("features", NS_STREAM)) return features(element);
    if (element.getNS() === NS_SM) return counting(element, line, state, counts);
    return isStanza(element) && passed(element);
  };

  function passed(stanza: Stanza): boolean {
    const handled = counts.take();
    if (stanza.name !== "iq") setup.onStanza(stanza, handled);
    else handled();
    return stanza.name !== "iq";
  }
}

function counting(element: Stanza, line: Wire, state: State, counts: Acks): boolean {
  if (element.name === "enabled") counts.enabled();
  if (element.name === "failed") counts.disabled();
  if (element.name === "enabled" || element.name === "failed") state.counted();
  if (element.name === "r") {
    state.owes = !counts.isSettled();
    line.write(`<a xmlns='${NS_SM}' h='${counts.handled()}'/>`);
  }
  if (element.name === "a") counts.taken(Number(element.attrs.h));
  return true;
}

interface Parts {
  readonly jid: string;
  readonly line: Wire;
  readonly state: State;
  readonly counts: Acks;
  readonly inner: Engine;
  readonly patience: Patience;
}

function handle({ jid, line, state, counts, inner, patience }: Parts): Stream {
  const ask: Stream["ask"] = (type, child, to) => {
    const iq = xml("iq", { type, ...(to === undefined ? {} : { to }) }, child);
    return line.within(inner.library.iqCaller.request(iq, patience.answer * 2), patience.answer);
  };
  const ping = () => answered(ask("get", xml("ping", { xmlns: "urn:xmpp:ping" }), domain(jid)));
  const clock = setInterval(() => {
    if (line.isOver()) return clearInterval(clock);
    const quiet = Date.now() - state.heard;
    if (quiet > 2 * patience.quiet) return line.fail(noAnswer());
    if (quiet < patience.quiet / 2) return;
    if (counts.isEnabled()) line.write(`<r xmlns='${NS_SM}'/>`);
    else ping().catch(line.fail);
  }, patience.quiet);
  clock.unref();
  return {
    jid,
    ask,
    put: (stanza) => {
      line.write(carried(stanza));
      return counts.sent();
    },
    proof: async (place) => {
      if (!counts.isEnabled()) return ping();
      line.write(`<r xmlns='${NS_SM}'/>`);
      await line.within(new Promise<void>((done) => counts.until(place, done)), patience.answer);
    },
    within: (work, ms = patience.answer) => line.within(work, ms),
    pause: line.pause,
    fail: line.fail,
    close: async () => {
      clearInterval(clock);
      await line.endPolitely("</stream:stream>");
    },
  };
}

/** A refused ping is an answer as well. */
async function answered(ping: Promise<Stanza>): Promise<void> {
  try {
    await ping;
  } catch (thrown) {
    if (!(thrown instanceof Error && thrown.name === "StanzaError")) throw thrown;
  }
}

function isStanza({ name }: Stanza): boolean {
  return name === "message" || name === "presence" || name === "iq";
}

function carried(stanza: Stanza): string {
  const text = stanza.toString();
  if (!isCarried(text)) throw uncarried();
  return text;
}

function streamError(element: Stanza): Error {
  const [condition] = element.getChildElements();
  return Object.assign(new Error("Stream error"), { name: "StreamError", condition: condition?.name ?? "" });
}
