import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { client, xml } from "@xmpp/client";
import { Failure } from "../../../model/failure.ts";
import { senseless } from "../errors.ts";
import { type Bounds, bounds, type Sax } from "./parser-limits.ts";
import { SCRAM } from "./scram.ts";

/** An element of the stream, as @xmpp/client makes and takes it. */
export type Stanza = ReturnType<typeof xml>;
type Library = ReturnType<typeof client>;

/** What of the library's connection is not in its types, and is replaced or used here. */
interface Inside {
  connect: () => Promise<void>;
  send: (stanza: Stanza) => Promise<void>;
  readonly saslFactory: { readonly _mechs: Array<{ readonly name: string; readonly mech: unknown }> };
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
  inside.saslFactory._mechs.unshift(...SCRAM);
  const transport = inside._findTransport(`xmpp://${domain}`);
  inside.Transport = transport;
  inside.Parser = transport?.prototype.Parser;
  inside.send = async (stanza) => settings.put(stanza);
  const forget = readsSafely(inside, bounds(), fail);

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
      forget();
      inside._detachSocket();
      inside._attachSocket(Object.assign(socket, { secure }));
    },
    begin: async () => {
      await library.restart();
    },
  };
}

/**
 * Gives the parser text that ends with a tag, since it forgets what stood before a `>` that comes in the next packet.
 * What can't be read ends the stream and is never thrown into the socket, where it would end the process.
 */
function readsSafely(inside: Inside, limits: Bounds, fail: (thrown: unknown) => void): () => void {
  let decoder = new StringDecoder("utf8");
  let rest = "";
  const attachParser = inside._attachParser;
  inside._attachParser = (parser) => {
    attachParser.call(inside, parser);
    if (inside.parser) limits.watch(inside.parser.parser);
  };
  inside._onData = (data) => {
    try {
      const text = decoder.write(data);
      const end = text.lastIndexOf(">") + 1;
      const whole = end === 0 ? "" : rest + text.slice(0, end);
      rest = end === 0 ? rest + text : text.slice(end);
      if (whole !== "") inside.parser?.write(whole);
      limits.read(text.length);
    } catch (thrown) {
      // What the parser throws has no name of its own.
      const odd = thrown instanceof Error && /^(Type|Range)?Error$/.test(thrown.name) && !(thrown instanceof Failure);
      fail(odd ? senseless("The XMPP server sent what can't be read.", thrown) : thrown);
    }
  };
  return () => {
    decoder = new StringDecoder("utf8");
    rest = "";
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
