/** Splitter of a byte stream into protocol units, such as lines or stanzas. Called with each chunk. */
export type Frames = (chunk: Buffer) => readonly Buffer[];

/** Creates a splitter into lines with their line ends, for SMTP, IMAP, POP3 and IRC. */
export function lineFrames(): Frames {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const frames: Buffer[] = [];
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      frames.push(rest.subarray(0, end + 1));
      rest = rest.subarray(end + 1);
    }
    return frames;
  };
}

/** Matches a tag. Clients escape `<` and `>` inside attributes and text. */
const TAG = /<([/?!]?)([^<>]*?)(\/?)>/g;

/** Creates a splitter of an XMPP stream into opening, stanzas and end. */
export function stanzaFrames(): Frames {
  let rest = "";
  return (chunk) => {
    rest += chunk.toString("latin1");
    const frames: Buffer[] = [];
    let from = 0;
    let depth = 0;
    for (const { 0: tag, 1: sign, 2: name = "", 3: slash, index } of rest.matchAll(TAG)) {
      if (sign === "?") continue;
      if (!name.startsWith("stream:stream")) depth += sign === "/" ? -1 : Number(slash === "");
      if (depth > 0) continue;
      const end = index + tag.length;
      frames.push(Buffer.from(rest.slice(from, end), "latin1"));
      from = end;
    }
    rest = rest.slice(from);
    return frames;
  };
}
