import { noLogin, noTls } from "../errors.ts";
import type { Stanza } from "./library.ts";
import type { StreamSocket } from "./socket.ts";
import type { StreamOptions } from "./stream.ts";
import type { StreamManagement } from "./stream-management.ts";

export const NS_SM = "urn:xmpp:sm:3";
const NS_STREAM = "http://etherx.jabber.org/streams";
const NS_TLS = "urn:ietf:params:xml:ns:xmpp-tls";

/** Supported mechanisms, the strongest first. */
export const MECHANISMS: readonly string[] = ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"];

/** Lists the names of the logins that the features offer; `SASL2` stands for XEP-0388. */
function offeredLogins(features: Stanza): readonly string[] {
  const mechanisms = features.getChild("mechanisms")?.getChildren("mechanism") ?? [];
  const hasSasl2 = features.getChild("authentication", "urn:xmpp:sasl:2") !== undefined;
  return [...mechanisms.map((mechanism) => mechanism.text()), ...(hasSasl2 ? ["SASL2"] : [])];
}

/** Mutable state that both directions of a stream share. */
export interface StreamState {
  /** Unix ms of the last received element. */
  receivedAt: number;
  offersStreamManagement: boolean;
  /** The server asked for an acknowledgement and got an incomplete count. */
  owesAcknowledgement: boolean;
  onCountingStarted: () => void;
}

export interface ElementRouterParts {
  readonly options: StreamOptions;
  readonly socket: StreamSocket;
  readonly state: StreamState;
  readonly counts: StreamManagement;
  readonly startTls: () => Promise<void>;
  readonly restart: () => Promise<void>;
}

/** Creates the router of incoming elements: the library sees login and binding only. */
export function routeElement(parts: ElementRouterParts): (element: Stanza) => boolean {
  const { options, socket, state, counts } = parts;
  const { tls = "starttls" } = options.credentials;
  let tlsStep: "none" | "requested" | "negotiating" | "done" = tls === "starttls" ? "none" : "done";

  function onFeatures(element: Stanza): boolean {
    state.offersStreamManagement = element.getChild("sm", NS_SM) !== undefined;
    if (tlsStep === "none") {
      if (!element.getChild("starttls", NS_TLS)) throw noTls();
      tlsStep = "requested";
      socket.write(`<starttls xmlns='${NS_TLS}'/>`);
      return true;
    }
    // The library handles these two alone: TLS and stream management are decided here.
    const known = element.getChildElements().filter(({ name }) => name === "mechanisms" || name === "bind");
    const offered = offeredLogins(element);
    const needsLogin = !known.some(({ name }) => name === "bind");
    if (needsLogin && !offered.some((name) => MECHANISMS.includes(name))) throw noLogin(offered);
    element.children = known;
    return false;
  }

  function onTlsAnswer(element: Stanza): boolean {
    if (!element.is("proceed", NS_TLS)) throw noTls();
    tlsStep = "negotiating";
    parts
      .startTls()
      .then(() => {
        tlsStep = "done";
        return parts.restart();
      })
      .catch(socket.fail);
    return true;
  }

  function onStanza(stanza: Stanza): boolean {
    const markHandled = counts.received();
    if (stanza.name !== "iq") options.onStanza(stanza, markHandled);
    else markHandled();
    return stanza.name !== "iq";
  }

  return (element) => {
    state.receivedAt = Date.now();
    // Clear text behind <proceed/> does not come from the holder of the certificate.
    if (tlsStep === "negotiating" || socket.isEnded()) return true;
    if (element.is("error", NS_STREAM)) throw streamError(element);
    if (tlsStep === "requested") return onTlsAnswer(element);
    if (element.is("features", NS_STREAM)) return onFeatures(element);
    if (element.getNS() === NS_SM) return onStreamManagement(element, parts);
    return isStanza(element) && onStanza(element);
  };
}

/** Starts stream management (XEP-0198) without resumption: a new owner catches up from the archive instead. */
export function enableStreamManagement(
  { socket, state, counts }: Pick<ElementRouterParts, "socket" | "state" | "counts">,
  timeoutMs: number,
): Promise<void> {
  const started = new Promise<void>((resolve) => {
    state.onCountingStarted = resolve;
  });
  socket.write(`<enable xmlns='${NS_SM}'/>`);
  counts.startCountingSent();
  return socket.withTimeout(started, timeoutMs);
}

function onStreamManagement(element: Stanza, { socket, state, counts }: ElementRouterParts): boolean {
  if (element.name === "enabled") counts.startCountingReceived();
  if (element.name === "failed") counts.stopCountingSent();
  if (element.name === "enabled" || element.name === "failed") state.onCountingStarted();
  if (element.name === "r") {
    state.owesAcknowledgement = !counts.isAllHandled();
    socket.write(`<a xmlns='${NS_SM}' h='${counts.handledCount()}'/>`);
  }
  if (element.name === "a") counts.acknowledged(Number(element.attrs.h));
  return true;
}

export function isStanza({ name }: Stanza): boolean {
  return name === "message" || name === "presence" || name === "iq";
}

function streamError(element: Stanza): Error {
  const [condition] = element.getChildElements();
  return Object.assign(new Error("Stream error"), { name: "StreamError", condition: condition?.name ?? "" });
}
