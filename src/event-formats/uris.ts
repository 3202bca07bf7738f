/** Returns the URI scheme of a platform's addresses; undefined where the network has none. */
export type SchemeOf = (platform: string) => string | undefined;

/** Kinds of names under `urn:dragoman:`, for what no scheme names. */
type UrnKind = "address" | "object" | "event" | "context";

const URN = /^urn:dragoman:[a-z0-9-]+:(?:address|object|event|context):(.*)$/s;
const WEB_ADDRESS = /^https?:\/\/[\u0021-\u007e]+$/;

/** Returns an id as URI. Web addresses stay as they are; all others become `urn:dragoman:<platform>:<kind>:<id>`. */
export function urnOf(platform: string, kind: UrnKind, id: string): string {
  return isWebAddress(id) ? id : `urn:dragoman:${platform}:${kind}:${encoded(id)}`;
}

/** Returns an address as URI. It has the network's scheme (`mailto:`), else is a URN or web address. */
export function addressUri(schemeOf: SchemeOf, platform: string, address: string): string {
  const scheme = schemeOf(platform);
  if (scheme === undefined || isWebAddress(address)) return urnOf(platform, "address", address);
  return `${scheme}:${encoded(address).replaceAll("%40", "@").replaceAll("%2F", "/")}`;
}

/** Returns the id or address in a URI of `urnOf` or `addressUri`. */
export function fromUri(schemeOf: SchemeOf, platform: string, uri: string): string {
  const urn = URN.exec(uri);
  if (urn) return decoded(urn[1] ?? "");
  const scheme = schemeOf(platform);
  if (scheme === undefined || !uri.startsWith(`${scheme}:`)) return uri;
  return decoded(uri.slice(scheme.length + 1));
}

/** Tells whether a value is an absolute web address, which needs no other name. */
export function isWebAddress(value: unknown): value is string {
  return typeof value === "string" && WEB_ADDRESS.test(value) && URL.canParse(value);
}

/** Encodes a text for a URI. Halves of surrogate pairs, which no URI can carry, become U+FFFD. */
export function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
