/** A name as X takes it, with or without @, or the digits of an id; a name of digits needs its @. */
export const PERSON_PATTERN = "^(@?[A-Za-z0-9_]{1,15}|[0-9]{1,19})$";
/** A post by its id or its address on x.com. */
export const POST_PATTERN =
  "^([0-9]{1,19}|https://(www\\.|mobile\\.)?(x|twitter)\\.com/[A-Za-z0-9_]{1,15}/status/[0-9]{1,19}(\\?[!-~]{0,200})?)$";
/** A conversation of direct messages by its id: two people's ids, or a group's. */
export const CONVERSATION_PATTERN = "^conversation:([0-9]{1,19}-[0-9]{1,19}|[0-9]{15,19})$";

/** Who an address means: an id, or a name that has to be looked up. */
export type Person = { readonly id: string } | { readonly name: string };

export function personOf(address: string): Person {
  return /^[0-9]+$/.test(address) ? { id: address } : { name: address.replace(/^@/, "") };
}

/** The id of the post that an address means. */
export function postOf(address: string): string {
  return /\/status\/([0-9]+)/.exec(address)?.[1] ?? address;
}

/** Whether one id is newer than another: X's ids grow with time and don't fit into a number. */
export function isNewer(id: string, than: string): boolean {
  return id.length === than.length ? id > than : id.length > than.length;
}

/** When X's ids began, Unix ms. */
const X_EPOCH = 1_288_834_974_657n;

/** The id that something made at that time would have: for asking for what is newer. */
export function idAt(ms: number): string {
  return ((BigInt(Math.trunc(ms)) - X_EPOCH) << 22n).toString();
}

/** When the thing of that id was made, Unix ms. */
export function timeOf(id: string): number {
  return Number((BigInt(id) >> 22n) + X_EPOCH);
}
