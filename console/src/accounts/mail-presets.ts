import type { JsonObject } from "../form/schema.ts";

interface MailHosts {
  readonly smtp: string;
  readonly imap: string;
  /** Port of submission; default 587 with STARTTLS. */
  readonly port?: number;
  readonly domains: readonly string[];
}

/** Mail servers as their providers document them. */
const PROVIDERS: readonly MailHosts[] = [
  { smtp: "smtp.gmail.com", imap: "imap.gmail.com", domains: ["gmail.com", "googlemail.com"] },
  {
    smtp: "smtp.office365.com",
    imap: "outlook.office365.com",
    domains: ["outlook.com", "hotmail.com", "live.com", "msn.com"],
  },
  {
    smtp: "smtp.mail.yahoo.com",
    imap: "imap.mail.yahoo.com",
    domains: ["yahoo.com", "yahoo.de", "yahoo.co.uk", "yahoo.fr"],
  },
  { smtp: "smtp.mail.me.com", imap: "imap.mail.me.com", domains: ["icloud.com", "me.com", "mac.com"] },
  { smtp: "mail.gmx.net", imap: "imap.gmx.net", domains: ["gmx.de", "gmx.net", "gmx.at", "gmx.ch"] },
  { smtp: "mail.gmx.com", imap: "imap.gmx.com", domains: ["gmx.com"] },
  { smtp: "smtp.web.de", imap: "imap.web.de", domains: ["web.de"] },
  { smtp: "securesmtp.t-online.de", imap: "secureimap.t-online.de", port: 465, domains: ["t-online.de", "magenta.de"] },
  { smtp: "smtp.fastmail.com", imap: "imap.fastmail.com", port: 465, domains: ["fastmail.com", "fastmail.fm"] },
  { smtp: "posteo.de", imap: "posteo.de", domains: ["posteo.de", "posteo.net"] },
  { smtp: "smtp.mailbox.org", imap: "imap.mailbox.org", domains: ["mailbox.org"] },
  { smtp: "smtp.zoho.com", imap: "imap.zoho.com", domains: ["zoho.com", "zohomail.com"] },
  { smtp: "smtp.aol.com", imap: "imap.aol.com", domains: ["aol.com"] },
];

/** Returns the login that an address of a known provider needs, without its password; undefined for other domains. */
export function mailPreset(address: string): JsonObject | undefined {
  const domain = address.slice(address.lastIndexOf("@") + 1).toLowerCase();
  const found = PROVIDERS.find(({ domains }) => domains.includes(domain));
  if (found === undefined) return undefined;
  const { smtp, imap, port = 587 } = found;
  return { host: smtp, port, user: address, mailbox: { protocol: "imap", host: imap } };
}
