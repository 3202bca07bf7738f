import type { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { client, xml } from "@xmpp/client";
import { Failure } from "../../../model/failure.ts";
import { protocolError } from "../errors.ts";
import { bare } from "./jid.ts";
import { type ParserLimits, parserLimits, type SaxParser } from "./parser-limits.ts";
import { SCRAM } from "./scram.ts";

/** An element of the stream, as @xmpp/client makes and takes elements. */
export type Stanza = ReturnType<typeof xml>;
type Library = ReturnType<typeof client>;

/** Members of the library's connection that its types hide, replaced or used here. */
interface LibraryInternals {
  connect: () => Promise<void>;
  send: (stanza: Stanza) => Promise<void>;
  readonly saslFactory: { readonly _mechs: Array<{ readonly name: string; readonly mech: unknown }> };
  Transport: unknown;
  Socket: unknown;
  Parser: unknown;
  parser: {
    write(text: string): void;
    readonly parser: SaxParser;
    readonly root: { children: unknown[] } | null;
  } | null;
  readonly transports: ReadonlyArray<{ readonly prototype: Readonly<Record<string, unknown>> }>;
  _findTransport(service: string): { readonly prototype: Readonly<Record<string, unknown>> } | undefined;
  _attachSocket(socket: Socket): void;
  _detachSocket(): void;
  _attachParser(parser: unknown): void;
  _status(status: string): void;
  _onData(data: Buffer): void;
  _onElement(element: Stanza): void;
}

export interface LibraryAdapterOptions {
  readonly domain: string;
  readonly resource: string;
  /** Milliseconds for each step of the login. */
  readonly stepMs: number;
  /** Chooses the login for the offered mechanisms. Throws when the stream is less secure than the account demands. */
  readonly login: (
    isSecure: boolean,
    mechanisms: readonly string[],
  ) => { readonly mechanism: string; readonly user: string; readonly password: string };
  /** Sees every element of the stream before the library; returns true to consume the element. */
  readonly onElement: (element: Stanza) => boolean;
  /** Writes every outgoing stanza, also the library's own. Throws when the stanza can't be written. */
  readonly write: (stanza: Stanza) => void;
  readonly fail: (thrown: unknown) => void;
}

export interface LibraryAdapter {
  readonly library: Library;
  /** Hands over the socket to use from now on. */
  readonly attach: (socket: Socket, isSecure: boolean) => void;
  /** Opens the stream, or opens a new stream on another socket. */
  readonly openStream: () => Promise<void>;
}

/**
 * Wraps the library's client for SASL and binding. Sockets are handed to the library, text is decoded across packets,
 * stanzas are limited, and nothing reconnects automatically.
 */
export function libraryAdapter(options: LibraryAdapterOptions): LibraryAdapter {
  const { domain, fail } = options;
  const library = client({
    service: `xmpp://${domain}`,
    domain,
    resource: options.resource,
    timeout: options.stepMs,
    credentials: async (authenticate, mechanisms, _fast, entity) => {
      const { mechanism, user, password } = options.login(entity.isSecure(), mechanisms);
      await authenticate({ username: user, password }, mechanism, xml("user-agent"));
    },
  });
  library.reconnect.stop();
  const internals = library as unknown as LibraryInternals;
  internals.saslFactory._mechs.unshift(...SCRAM);
  const transport = internals._findTransport(`xmpp://${domain}`);
  internals.Transport = transport;
  internals.Parser = transport?.prototype.Parser;
  internals.send = async (stanza) => options.write(stanza);
  const resetDecoder = installReader(internals, parserLimits(), fail);

  const passToLibrary = internals._onElement;
  internals._onElement = (element) => {
    if (internals.parser?.root) internals.parser.root.children = [];
    if (!options.onElement(element)) passToLibrary.call(library, element);
  };
  library.on("error", fail);
  library.on("disconnect", () => fail(undefined));
  library.on("close", () => fail(undefined));

  return {
    library,
    attach: (socket, isSecure) => {
      resetDecoder();
      internals._detachSocket();
      internals._attachSocket(Object.assign(socket, { secure: isSecure }));
    },
    openStream: async () => {
      await library.restart();
    },
  };
}

/**
 * Feeds the parser only text that ends with a tag. The parser forgets text before a `>` that comes in the next packet.
 * Unreadable input ends the stream; an error thrown into the socket would end the process. Returns the decoder's reset.
 */
function installReader(internals: LibraryInternals, limits: ParserLimits, fail: (thrown: unknown) => void): () => void {
  let decoder = new StringDecoder("utf8");
  let buffered = "";
  const attachParser = internals._attachParser;
  internals._attachParser = (parser) => {
    attachParser.call(internals, parser);
    if (internals.parser) limits.watch(internals.parser.parser);
  };
  internals._onData = (data) => {
    try {
      const text = decoder.write(data);
      const end = text.lastIndexOf(">") + 1;
      const complete = end === 0 ? "" : buffered + text.slice(0, end);
      buffered = end === 0 ? buffered + text : text.slice(end);
      if (complete !== "") internals.parser?.write(complete);
      limits.count(text.length);
    } catch (thrown) {
      // The parser's errors have no distinct class.
      const isParserError =
        thrown instanceof Error && /^(Type|Range)?Error$/.test(thrown.name) && !(thrown instanceof Failure);
      fail(isParserError ? protocolError("The XMPP server sent unreadable data.", thrown) : thrown);
    }
  };
  return () => {
    decoder = new StringDecoder("utf8");
    buffered = "";
  };
}

/** Features that this client announces to service discovery (XEP-0030). */
export const FEATURES: readonly string[] = [
  "http://jabber.org/protocol/disco#info",
  "http://jabber.org/protocol/chatstates",
  "urn:xmpp:receipts",
  "urn:xmpp:chat-markers:0",
  "urn:xmpp:message-correct:0",
  "urn:xmpp:message-retract:1",
  "urn:xmpp:reactions:0",
  "urn:xmpp:reply:0",
  "urn:xmpp:ping",
];

/** Answers the requests that other clients and the server send to every client. */
export function answerRequests(library: Library): void {
  const info = "http://jabber.org/protocol/disco#info";
  library.iqCallee.get(info, "query", () =>
    xml(
      "query",
      { xmlns: info },
      xml("identity", { category: "client", type: "bot", name: "Dragoman" }),
      ...FEATURES.map((name) => xml("feature", { var: name })),
    ),
  );
  // RFC 6121 section 2.1.6 wants a result; the change itself comes as presence too.
  // A push of anybody else is refused: only the own server may change the roster.
  library.iqCallee.set("jabber:iq:roster", "query", ({ stanza }: { readonly stanza: Stanza }) => {
    const sender: unknown = stanza.attrs.from;
    return typeof sender !== "string" || (library.jid !== null && bare(sender) === bare(String(library.jid)));
  });
}
