import { protocolError } from "../errors.ts";

/** SAX events of @xmpp/xml's parser that the limits need. */
export interface SaxParser {
  prependListener(event: "startElement" | "endElement", listener: () => void): unknown;
}

/** Limits of one stanza: characters, nesting and elements. A long roster is a single stanza. */
const MAX_STANZA_CHARACTERS = 1_000_000;
const MAX_DEPTH = 64;
const MAX_ELEMENTS = 20_000;

/** Watches the size of incoming stanzas. */
export interface ParserLimits {
  /** Watches another parser; a stream has a new parser after each step of its login. */
  readonly watch: (parser: SaxParser) => void;
  /** Counts received characters; throws a `Failure` when the current stanza is too large. */
  readonly count: (characters: number) => void;
}

/** Ends streams whose server sends endless, huge or deeply nested stanzas, before they cost memory. */
export function parserLimits(): ParserLimits {
  let characters = 0;
  return {
    watch: (parser) => {
      let depth = 0;
      let elements = 0;
      characters = 0;
      parser.prependListener("startElement", () => {
        depth += 1;
        elements += 1;
        if (depth > MAX_DEPTH) throw protocolError("The XMPP server sent elements nested too deep.");
        if (elements > MAX_ELEMENTS) throw protocolError("The XMPP server sent a stanza of too many elements.");
      });
      parser.prependListener("endElement", () => {
        depth -= 1;
        if (depth > 1) return;
        elements = 0;
        characters = 0;
      });
    },
    count: (more) => {
      characters += more;
      if (characters > MAX_STANZA_CHARACTERS) throw protocolError("The XMPP server sent a stanza that is too large.");
    },
  };
}
