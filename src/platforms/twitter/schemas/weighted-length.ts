/** Maximum weight of a post, without the longer forms of paying accounts. */
export const MAX_POST_WEIGHT = 280;
const URL_WEIGHT = 23;
/** Code points of weight 1. Others, and each emoji as a whole, have weight 2. X's published counting, version 3. */
const LIGHT_RANGES: ReadonlyArray<readonly [first: number, last: number]> = [
  [0x0000, 0x10ff],
  [0x2000, 0x200d],
  [0x2010, 0x201f],
  [0x2032, 0x2037],
];
const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u;
const LINK = /https?:\/\/[^\s<>"]+|(?<![\w@.-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?:\/[^\s<>"]*)?/giu;
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * Returns a text's weight by X's rules. Links count 23, Latin and neighbouring scripts 1, emoji and the rest 2. A link without
 * scheme counts as the lighter of its two readings, since only X knows which top-level domains it links: so no text is
 * refused here that X would accept.
 */
export function weightedLength(text: string): number {
  let weight = 0;
  let start = 0;
  const normalized = text.normalize("NFC");
  for (const { 0: link, index } of normalized.matchAll(LINK)) {
    const textWeight = plainWeight(link);
    const linkWeight = /^https?:/i.test(link) ? URL_WEIGHT : Math.min(URL_WEIGHT, textWeight);
    weight += plainWeight(normalized.slice(start, index)) + linkWeight;
    start = index + link.length;
  }
  return weight + plainWeight(normalized.slice(start));
}

function plainWeight(text: string): number {
  if (text === "") return 0;
  let weight = 0;
  for (const { segment } of graphemes.segment(text)) {
    let segmentWeight = 0;
    for (const character of segment) segmentWeight += isLight(character.codePointAt(0) ?? 0) ? 1 : 2;
    weight += EMOJI.test(segment) ? Math.min(2, segmentWeight) : segmentWeight;
  }
  return weight;
}

function isLight(codePoint: number): boolean {
  return LIGHT_RANGES.some(([first, last]) => codePoint >= first && codePoint <= last);
}
