import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { client, xml } from "@xmpp/client";
import { type Bounds, bounds, type Sax } from "./bounds.ts";

/** An element of the stream, as @xmpp/client makes and takes it. */
export type Stanza = ReturnType<typeof xml>;
type Library = ReturnType<typeof client>;

/** What of the library's connection is not in its types, and is replaced or used here. */
interface Inside {
  connect: () => Promise<void>;
  send: (stanza: Stanza) => Promise<void>;
  Transport: unknown;
  Socket: unknown;
  Parser: unknown;
  parser: { write(text: string): void; readonly parser: Sax; readonly root: { children: unknown[] } | null } | null;
  readonly transports: ReadonlyArray<{ readonly prototype: Readonly<Record<string, unknown>> }>;
  _findTransport(service: string): { readonly prototype: Readonly<Record<string, unknown>> } | undefined;
  _attachSocket(socket: Socket): void;
  _detachSocket(): void;
  _attachParser(parser: unknown): void;
  _status(status: string): void;
  _onData(data: Buffer): void;
  _onElement(element: Stanza): void;
}

export interface Settings {
  readonly domain: string;
  readonly resource: string;
  readonly stepMs: number;
  /** Gives the login to a server whose stream is as safe as the account wants; throws otherwise. */
  readonly login: (
    secure: boolean,
    mechanisms: readonly string[],
  ) => { readonly mechanism: string; readonly user: string; readonly password: string };
  /** Every element of the stream, before the library: true where it is dealt with. */
  readonly onElement: (element: Stanza) => boolean;
  /** How everything leaves, ours and the library's own. Throws what nothing can be sent for. */
  readonly put: (stanza: Stanza) => void;
  readonly fail: (thrown: unknown) => void;
}

export interface Engine {
  readonly library: Library;
  /** Hands over the socket that is used from now on. */
  readonly attach: (socket: Socket, secure: boolean) => void;
  /** Opens the stream, or opens it anew on another socket. */
  readonly begin: () => Promise<void>;
}

/**
 * The library's client for SASL and binding, with what it lacks put right: its sockets are handed to it, text is decoded
 * across packets, stanzas are bounded, and nothing reconnects by itself.
 */
export function engine(settings: Settings): Engine {
  const { domain, fail } = settings;
  const library = client({
    service: `xmpp://${domain}`,
    domain,
    resource: settings.resource,
    timeout: settings.stepMs,
    credentials: async (authenticate, mechanisms, _fast, entity) => {
      const { mechanism, user, password } = settings.login(entity.isSecure(), mechanisms);
      await authenticate({ username: user, password }, mechanism, xml("user-agent"));
    },
  });
  library.reconnect.stop();
  const inside = library as unknown as Inside;
  const transport = inside._findTransport(`xmpp://${domain}`);
  inside.Transport = transport;
  inside.Parser = transport?.prototype.Parser;
  inside.send = async (stanza) => settings.put(stanza);
  const limits = bounds();
  let decoder = new StringDecoder("utf8");
  readsSafely(inside, limits, () => decoder, fail);

  const onElement = inside._onElement;
  inside._onElement = (element) => {
    if (inside.parser?.root) inside.parser.root.children = [];
    if (!settings.onElement(element)) onElement.call(library, element);
  };
  library.on("error", fail);
  library.on("disconnect", () => fail(undefined));
  library.on("close", () => fail(undefined));

  return {
    library,
    attach: (socket, secure) => {
      decoder = new StringDecoder("utf8");
      inside._detachSocket();
      inside._attachSocket(Object.assign(socket, { secure }));
    },
    begin: async () => {
      await library.restart();
    },
  };
}

/** What can't be read ends the stream and is never thrown into the socket, where it would end the process. */
function readsSafely(
  inside: Inside,
  limits: Bounds,
  decoder: () => StringDecoder,
  fail: (thrown: unknown) => void,
): void {
  const attachParser = inside._attachParser;
  inside._attachParser = (parser) => {
    attachParser.call(inside, parser);
    if (inside.parser) limits.watch(inside.parser.parser);
  };
  inside._onData = (data) => {
    try {
      const text = decoder().write(data);
      inside.parser?.write(text);
      limits.read(text.length);
    } catch (thrown) {
      fail(thrown);
    }
  };
}

/** What this client says it is able to, to who asks (XEP-0030). */
export const FEATURES: readonly string[] = [
  "http://jabber.org/protocol/disco#info",
  "urn:xmpp:receipts",
  "urn:xmpp:chat-markers:0",
  "urn:xmpp:message-correct:0",
  "urn:xmpp:message-retract:1",
  "urn:xmpp:reactions:0",
  "urn:xmpp:reply:0",
  "urn:xmpp:ping",
];

/** Answers what other clients and the server ask of every client. */
export function answers(library: Library): void {
  const info = "http://jabber.org/protocol/disco#info";
  library.iqCallee.get(info, "query", () =>
    xml(
      "query",
      { xmlns: info },
      xml("identity", { category: "client", type: "bot", name: "Dragoman" }),
      ...FEATURES.map((name) => xml("feature", { var: name })),
    ),
  );
  // RFC 6121 section 2.1.6 wants a result; what changed comes as presence too.
  library.iqCallee.set("jabber:iq:roster", "query", () => true);
}
