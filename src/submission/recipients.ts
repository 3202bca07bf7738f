/** An address on a network. */
export interface NetworkAddress {
  readonly platform: string;
  readonly address: string;
  /** The mail address that stands for it. */
  readonly mailbox: string;
}

/**
 * Reads `ops%23room@irc.gateway` as an address on a network, for the domain `gateway`. The local part is percent-encoded,
 * since mail addresses can't hold every network's. Undefined for ordinary mail addresses and broken encodings.
 */
export function networkAddress(mailbox: string, domain: string): NetworkAddress | undefined {
  const at = mailbox.lastIndexOf("@");
  const host = mailbox.slice(at + 1).toLowerCase();
  const suffix = `.${domain.toLowerCase()}`;
  if (at < 1 || !host.endsWith(suffix)) return undefined;
  const platform = host.slice(0, -suffix.length);
  try {
    return { platform, address: decodeURIComponent(mailbox.slice(0, at)), mailbox };
  } catch {
    return undefined;
  }
}

/** Tells whether a mailbox is in the networks' domain. Such mail never leaves by e-mail. */
export function isNetworkDomain(mailbox: string, domain: string): boolean {
  const host = mailbox.slice(mailbox.lastIndexOf("@") + 1).toLowerCase();
  return host === domain.toLowerCase() || host.endsWith(`.${domain.toLowerCase()}`);
}
