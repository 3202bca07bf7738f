import type { Block, RichText, Run } from "./document.ts";

/**
 * Splits rich text into parts of at most `max` UTF-16 units, at blocks or spaces.
 * `overhead` is what each block costs beyond its text (bullets, empty lines). Never cuts a surrogate pair.
 */
export function splitRichText(document: RichText, max: number, overhead = 16): RichText[] {
  const parts: Block[][] = [];
  let room = 0;
  for (const block of document.flatMap((whole) => splitBlock(whole, max - overhead))) {
    const size = lengthOf(block.runs) + overhead;
    if (parts.length === 0 || size > room) {
      parts.push([]);
      room = max;
    }
    parts.at(-1)?.push(block);
    room -= size;
  }
  return parts;
}

const lengthOf = (runs: readonly Run[]) => runs.reduce((sum, { text }) => sum + text.length, 0);

function splitBlock(block: Block, max: number): Block[] {
  if (lengthOf(block.runs) <= max) return [block];
  const blocks: Block[] = [];
  let runs: Run[] = [];
  let room = max;
  for (const run of block.runs) {
    let rest = run.text;
    while (rest.length > room) {
      const at = cutAt(rest, room);
      if (at > 0) runs.push({ ...run, text: rest.slice(0, at).trimEnd() });
      blocks.push({ ...block, runs });
      rest = rest.slice(at).trimStart();
      runs = [];
      room = max;
    }
    if (rest !== "") runs.push({ ...run, text: rest });
    room -= rest.length;
  }
  return runs.length === 0 ? blocks : [...blocks, { ...block, runs }];
}

/** Position of the cut. Behind the last line break or space in the second half of the room, else at its end. */
function cutAt(text: string, room: number): number {
  const head = text.slice(0, room);
  const space = Math.max(head.lastIndexOf("\n"), head.lastIndexOf(" "));
  if (space > room / 2) return space + 1;
  const code = head.charCodeAt(room - 1);
  return code >= 0xd800 && code <= 0xdbff ? room - 1 : room;
}
