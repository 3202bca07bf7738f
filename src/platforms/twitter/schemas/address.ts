/** Pattern of a name with or without @, or of an id. A name of digits needs its @. */
export const PERSON_PATTERN = "^(@?[A-Za-z0-9_]{1,15}|[0-9]{1,19})$";
/** Pattern of a post's id or its address on x.com. */
export const POST_PATTERN =
  "^([0-9]{1,19}|https://(www\\.|mobile\\.)?(x|twitter)\\.com/[A-Za-z0-9_]{1,15}/status/[0-9]{1,19}(\\?[!-~]{0,200})?)$";
/** Pattern of a conversation of direct messages: two people's ids, or a group's. */
export const CONVERSATION_PATTERN = "^conversation:([0-9]{1,19}-[0-9]{1,19}|[0-9]{15,19})$";

/** A person named by an address: an id, or a name to be looked up. */
export type Person = { readonly id: string } | { readonly name: string };

export function personOf(address: string): Person {
  return /^[0-9]+$/.test(address) ? { id: address } : { name: address.replace(/^@/, "") };
}

/** Returns the id of the post that an address names. */
export function postIdOf(address: string): string {
  return /\/status\/([0-9]+)/.exec(address)?.[1] ?? address;
}

/** Tells whether one id is newer than another. X's ids grow with time and exceed JavaScript's safe integers. */
export function isNewer(id: string, than: string): boolean {
  return id.length === than.length ? id > than : id.length > than.length;
}

/** Begin of X's ids, Unix ms. */
const X_EPOCH = 1_288_834_974_657n;

/** Returns the id of a post made at that time. Newer posts have larger ids. */
export function idAt(ms: number): string {
  return ((BigInt(Math.trunc(ms)) - X_EPOCH) << 22n).toString();
}

/** Returns the creation time that an id contains, Unix ms. */
export function timeOf(id: string): number {
  return Number((BigInt(id) >> 22n) + X_EPOCH);
}
