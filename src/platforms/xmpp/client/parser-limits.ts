import { senseless } from "../errors.ts";

/** The SAX events of @xmpp/xml's parser, as far as its bounds need them. */
export interface Sax {
  prependListener(event: "startElement" | "endElement", listener: () => void): unknown;
}

/** What one stanza may have: characters, elements inside each other, and elements in all. A long roster is one stanza. */
const STANZA_CHARACTERS = 1_000_000;
const DEPTH = 64;
const ELEMENTS = 20_000;

export interface Bounds {
  /** Watches another parser; a stream has a new one after each step of its login. */
  readonly watch: (sax: Sax) => void;
  /** Counts what was read; throws a `Failure` when the stanza under way is larger than it may be. */
  readonly read: (characters: number) => void;
}

/** Ends a stream whose server sends endless, huge or bottomless stanzas, before they cost memory. */
export function bounds(): Bounds {
  let characters = 0;
  return {
    watch: (sax) => {
      let depth = 0;
      let elements = 0;
      characters = 0;
      sax.prependListener("startElement", () => {
        depth += 1;
        elements += 1;
        if (depth > DEPTH) throw senseless("The XMPP server sent elements nested too deep.");
        if (elements > ELEMENTS) throw senseless("The XMPP server sent a stanza of too many elements.");
      });
      sax.prependListener("endElement", () => {
        depth -= 1;
        if (depth > 1) return;
        elements = 0;
        characters = 0;
      });
    },
    read: (more) => {
      characters += more;
      if (characters > STANZA_CHARACTERS) throw senseless("The XMPP server sent a stanza that is too large.");
    },
  };
}
