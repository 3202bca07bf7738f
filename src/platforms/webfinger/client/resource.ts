/** Resource to look up, and the host to ask (RFC 7033 section 4). */
export interface Resource {
  readonly uri: string;
  /** Host, and port where the address names one. */
  readonly host: string;
}

/**
 * Parses `acct:user@host` (RFC 7565), plain `user@host` or an http(s) address. Returns undefined for an address without a
 * usable host.
 */
export function resourceOf(address: string): Resource | undefined {
  if (/^https?:/i.test(address)) {
    if (!URL.canParse(address)) return undefined;
    const { href, host, username, password } = new URL(address);
    return username === "" && password === "" ? { uri: href, host } : undefined;
  }
  const name = address.replace(/^acct:/i, "");
  const at = name.lastIndexOf("@");
  const asUrl = `https://${name.slice(at + 1)}`;
  if (at < 1 || !URL.canParse(asUrl)) return undefined;
  const { host, pathname, search, hash, username } = new URL(asUrl);
  if (host === "" || `${pathname}${search}${hash}${username}` !== "/") return undefined;
  return { uri: `acct:${name.slice(0, at)}@${host}`, host };
}

/** Returns the host's query address. Always https: RFC 7033 section 4 forbids anything else. */
export function queryUrl({ uri, host }: Resource, rel: readonly string[]): string {
  const url = new URL(`https://${host}/.well-known/webfinger`);
  url.searchParams.set("resource", uri);
  for (const relation of rel) url.searchParams.append("rel", relation);
  return url.href;
}
