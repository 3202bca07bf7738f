import { parseConnectionUrl } from "nodemailer/lib/shared";
import type { SMTPConnectionOptions } from "nodemailer/lib/smtp-connection";
import type { Login } from "../../credentials.ts";

/**
 * The operator's mail server for actors without an account. Either a URL in nodemailer's form (setting SMTP_URL; the URL
 * alone decides about TLS), or the built-in sandbox mailbox: there an app logs in with the app's id, which tells the
 * mailbox the sender of each mail.
 */
export type RelaySettings =
  | { readonly url: string }
  | { readonly sandbox: { readonly host: string; readonly port: number; readonly password: string } };

/** Connection details of the operator's relay. */
export interface Relay {
  readonly connection: SMTPConnectionOptions;
  readonly login: (app: string) => Login | undefined;
  /** True when apps must not share a connection. */
  readonly perApp: boolean;
  readonly maxConnections: number;
}

/** Options of nodemailer's URL form that an operator may set. Loggers, sockets and the like are left out. */
const ALLOWED_OPTIONS = [
  "host",
  "port",
  "secure",
  "name",
  "localAddress",
  "ignoreTLS",
  "requireTLS",
  "opportunisticTLS",
  "connectionTimeout",
  "greetingTimeout",
  "lmtp",
  "tls",
] as const;

/** Reads the relay's settings. Throws an `Error` that does not repeat the URL, since the URL holds a password. */
export function relayOf(settings: RelaySettings): Relay {
  if ("sandbox" in settings) {
    const { host, port, password } = settings.sandbox;
    return {
      connection: { host, port, ignoreTLS: true },
      login: (app) => ({ user: app, password }),
      perApp: true,
      maxConnections: 10,
    };
  }
  const options = urlOptions(settings.url);
  const { user, pass } = options.auth ?? {};
  const login = user === undefined || user === "" ? undefined : { user, password: pass ?? "" };
  const connections = Number(options.maxConnections);
  return {
    connection: Object.fromEntries(
      ALLOWED_OPTIONS.filter((key) => options[key] !== undefined).map((key) => [key, options[key]]),
    ),
    login: () => login,
    perApp: false,
    maxConnections: Number.isInteger(connections) && connections > 0 ? Math.min(connections, 100) : 10,
  };
}

interface UrlOptions extends Readonly<Record<string, unknown>> {
  readonly auth?: { readonly user?: string; readonly pass?: string };
}

function urlOptions(url: string): UrlOptions {
  try {
    const options = parseConnectionUrl(url) as UrlOptions;
    if (typeof options.host === "string" && options.host !== "") return options;
  } catch {
    // nodemailer's message repeats the URL; the message below must not.
  }
  throw new Error("SMTP_URL: takes a URL such as smtp://user:password@mail.example.org:587");
}
