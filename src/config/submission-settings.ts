import { type Setting, text } from "./setting-types.ts";

/** Settings of mail submission by SMTP. */
export const submissionSettings = {
  smtpListen: {
    env: "SMTP_LISTEN",
    fallback: "",
    about:
      "host:port to take mail of the site's own at, by SMTP; off without. Another host than loopback needs a certificate.",
    read: text,
  },
  smtpListenCert: {
    env: "SMTP_LISTEN_CERT",
    fallback: "",
    about: "Certificate for SMTP_LISTEN: STARTTLS is offered, and logins are taken after it only.",
    read: text,
  },
  smtpListenKey: { env: "SMTP_LISTEN_KEY", fallback: "", about: "The certificate's key.", read: text },
  smtpListenDomain: {
    env: "SMTP_LISTEN_DOMAIN",
    fallback: "gateway",
    about: "Mail to address@PLATFORM.<this> becomes a message on that network.",
    read: text,
  },
} as const satisfies Record<string, Setting<unknown>>;
