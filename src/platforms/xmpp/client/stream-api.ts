import { xml } from "@xmpp/client";
import { closedByServer, noResponse, notXml } from "../errors.ts";
import { domain, isXmlText } from "./jid.ts";
import type { LibraryAdapter, Stanza } from "./library.ts";
import type { StreamSocket } from "./socket.ts";
import type { Stream, Timeouts } from "./stream.ts";
import { NS_SM, type StreamState } from "./stream-elements.ts";
import type { StreamManagement } from "./stream-management.ts";

interface StreamParts {
  readonly jid: string;
  readonly socket: StreamSocket;
  readonly state: StreamState;
  readonly counts: StreamManagement;
  readonly adapter: LibraryAdapter;
  readonly timeouts: Timeouts;
}

/** Creates the API of a logged-in stream and starts its keepalive. */
export function streamApi(parts: StreamParts): Stream {
  const { jid, socket, counts, adapter, timeouts } = parts;
  const request: Stream["request"] = (type, child, to) => {
    const iq = xml("iq", { type, ...(to === undefined ? {} : { to }) }, child);
    return socket.withTimeout(adapter.library.iqCaller.request(iq, timeouts.responseMs * 2), timeouts.responseMs);
  };
  const ping = () => anyAnswer(request("get", xml("ping", { xmlns: "urn:xmpp:ping" }), domain(jid)));
  const timer = keepalive(parts, ping);
  let hasLeft = false;
  const send: Stream["send"] = (stanza) => {
    if (hasLeft) throw closedByServer();
    socket.write(serialize(stanza));
    return counts.sent();
  };
  const acknowledged: Stream["acknowledged"] = async (sequence) => {
    if (!counts.isEnabled()) return ping();
    socket.write(`<r xmlns='${NS_SM}'/>`);
    const acknowledgement = new Promise<void>((resolve) => counts.onAcknowledged(sequence, resolve));
    await socket.withTimeout(acknowledgement, timeouts.responseMs);
  };
  return {
    jid,
    request,
    send,
    acknowledged,
    leave: () => {
      const sequence = send(xml("presence", { type: "unavailable" }));
      hasLeft = true;
      return acknowledged(sequence);
    },
    hasLeft: () => hasLeft,
    withTimeout: (work, ms = timeouts.responseMs) => socket.withTimeout(work, ms),
    pause: socket.pause,
    isEnded: socket.isEnded,
    fail: socket.fail,
    close: async () => {
      clearInterval(timer);
      const acknowledgement = counts.isEnabled() ? `<a xmlns='${NS_SM}' h='${counts.handledCount()}'/>` : "";
      await socket.closeGracefully(`${acknowledgement}</stream:stream>`);
    },
  };
}

/** Probes a quiet server, and ends the stream after two silent intervals. */
function keepalive({ socket, state, counts, timeouts }: StreamParts, ping: () => Promise<void>): NodeJS.Timeout {
  const { keepaliveMs } = timeouts;
  const timer = setInterval(() => {
    if (socket.isEnded()) return clearInterval(timer);
    const silentMs = Date.now() - state.receivedAt;
    if (silentMs > 2 * keepaliveMs) return socket.fail(noResponse());
    if (silentMs < keepaliveMs / 2) return;
    if (counts.isEnabled()) socket.write(`<r xmlns='${NS_SM}'/>`);
    else ping().catch(socket.fail);
  }, keepaliveMs);
  return timer.unref();
}

/** Waits for an answer; a refusal is an answer as well. */
async function anyAnswer(ping: Promise<Stanza>): Promise<void> {
  try {
    await ping;
  } catch (thrown) {
    if (!(thrown instanceof Error && thrown.name === "StanzaError")) throw thrown;
  }
}

/** Serializes a stanza; throws a `Failure` where XML can't carry its text. */
export function serialize(stanza: Stanza): string {
  const text = stanza.toString();
  if (!isXmlText(text)) throw notXml();
  return text;
}
