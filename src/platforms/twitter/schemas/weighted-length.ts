/** What a post without the longer forms of paying accounts may weigh. */
export const POST_WEIGHT = 280;
const URL_WEIGHT = 23;
/** Code points that weigh one; all others, and each emoji as a whole, weigh two. X's published counting, version 3. */
const LIGHT: ReadonlyArray<readonly [from: number, to: number]> = [
  [0x0000, 0x10ff],
  [0x2000, 0x200d],
  [0x2010, 0x201f],
  [0x2032, 0x2037],
];
const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u;
const LINK = /https?:\/\/[^\s<>"]+|(?<![\w@.-])(?:[a-z0-9-]+\.)+[a-z]{2,}(?:\/[^\s<>"]*)?/giu;
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * What a text weighs by X's rules: links 23 each, Latin and its neighbours 1, emoji and the rest 2. A link without its
 * scheme counts as the lighter of its two readings, since only X knows which top-level domains it links: so nothing that
 * X would take is refused here.
 */
export function weightedLength(text: string): number {
  let weight = 0;
  let from = 0;
  const whole = text.normalize("NFC");
  for (const { 0: link, index } of whole.matchAll(LINK)) {
    const asText = plainWeight(link);
    weight +=
      plainWeight(whole.slice(from, index)) + (/^https?:/i.test(link) ? URL_WEIGHT : Math.min(URL_WEIGHT, asText));
    from = index + link.length;
  }
  return weight + plainWeight(whole.slice(from));
}

function plainWeight(text: string): number {
  if (text === "") return 0;
  let weight = 0;
  for (const { segment } of graphemes.segment(text)) {
    let own = 0;
    for (const character of segment) own += isLight(character.codePointAt(0) ?? 0) ? 1 : 2;
    weight += EMOJI.test(segment) ? Math.min(2, own) : own;
  }
  return weight;
}

function isLight(code: number): boolean {
  return LIGHT.some(([from, to]) => code >= from && code <= to);
}
