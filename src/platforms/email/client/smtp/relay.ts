import { parseConnectionUrl } from "nodemailer/lib/shared";
import type { SMTPConnectionOptions } from "nodemailer/lib/smtp-connection";
import type { Login } from "./connection.ts";

/**
 * The operator's way out for mail of actors without an account: a URL in nodemailer's form (setting SMTP_URL; it alone says
 * how much TLS there is), or the built-in sandbox mailbox, where an app logs in with its id, so that the mailbox knows whose
 * mail it caught.
 */
export type RelaySettings =
  | { readonly url: string }
  | { readonly sandbox: { readonly host: string; readonly port: number; readonly password: string } };

export interface Relay {
  readonly connection: SMTPConnectionOptions;
  readonly login: (app: string) => Login | undefined;
  /** True when apps must not share a connection. */
  readonly perApp: boolean;
  readonly connections: number;
}

/** What of nodemailer's URL options an operator may set; the rest (loggers, sockets …) is not for a URL. */
const TAKEN = [
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

/** Reads the relay's settings. Throws an `Error` that does not repeat the URL (it holds a password). */
export function relayOf(settings: RelaySettings): Relay {
  if ("sandbox" in settings) {
    const { host, port, password } = settings.sandbox;
    return {
      connection: { host, port, ignoreTLS: true },
      login: (app) => ({ user: app, password }),
      perApp: true,
      connections: 10,
    };
  }
  const parsed = urlOptions(settings.url);
  const { user, pass } = parsed.auth ?? {};
  const login = user === undefined || user === "" ? undefined : { user, password: pass ?? "" };
  const connections = Number(parsed.maxConnections);
  return {
    connection: Object.fromEntries(TAKEN.filter((key) => parsed[key] !== undefined).map((key) => [key, parsed[key]])),
    login: () => login,
    perApp: false,
    connections: Number.isInteger(connections) && connections > 0 ? Math.min(connections, 100) : 10,
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
    // nodemailer's message repeats the URL; ours must not.
  }
  throw new Error("SMTP_URL: takes a URL such as smtp://user:password@mail.example.org:587");
}
