import { Failure } from "../../../model/failure.ts";
import type { AccountContext } from "../../../platform/platform.ts";
import { type Credentials, type Login, secretsOf } from "../credentials.ts";
import { accountTokens, smtpLogin } from "./access-tokens.ts";
import type { ImapTimeouts } from "./imap/connection.ts";
import { createMailbox, type Mailbox } from "./mailbox.ts";
import type { OutgoingMail, SendResult } from "./smtp/connection.ts";
import { type SmtpPool, smtpPool } from "./smtp/pool.ts";
import { type Relay, type RelaySettings, relayOf } from "./smtp/relay.ts";
import { SMTP_TIMEOUTS, type SmtpTimeouts } from "./smtp/timeouts.ts";

/** Additions of the account and the operator to every message. */
export interface SenderDefaults {
  /** Domain of the Message-IDs; default the sender's. */
  readonly mailDomain?: string | undefined;
  readonly senderName?: string | undefined;
  readonly dkim?: Credentials["dkim"];
  readonly returnPath?: Credentials["returnPath"];
}

/** A mail client of an account: connections to the SMTP server, and the mailbox. */
export interface Client {
  readonly send: (mail: OutgoingMail) => Promise<SendResult>;
  readonly senderDefaults: SenderDefaults;
  /** Values that must be removed from a server's texts. */
  readonly secrets: ReadonlySet<string>;
  /** Undefined for an account without a mailbox. */
  readonly mailbox?: Mailbox | undefined;
  readonly close: () => void;
}

export interface ClientSettings {
  readonly mailDomain?: string | undefined;
  readonly smtpTimeouts?: SmtpTimeouts;
  readonly imapTimeouts?: ImapTimeouts;
  /** Mail server of actors without an account; without a relay every actor needs an account. */
  readonly relay?: RelaySettings | undefined;
}

/** Returns the factory of clients. Throws for a relay URL that can't be read. */
export function clientFactory(settings: ClientSettings): (account: AccountContext<Credentials>) => Promise<Client> {
  const relayClient = settings.relay && relayClients(relayOf(settings.relay), settings);
  return async (account) => {
    if (account.credentials) return accountClient(account, account.credentials, settings);
    if (relayClient) return relayClient(account.app);
    const detail = "There is no mail server for this actor: store an account.";
    throw new Failure({ kind: "auth", code: "account-unknown", detail });
  };
}

/** Makes a client of an app's own mail server, reached through the egress guard only. */
function accountClient(
  account: AccountContext<Credentials>,
  credentials: Credentials,
  settings: ClientSettings,
): Client {
  const { smtpTimeouts = SMTP_TIMEOUTS, mailDomain } = settings;
  const secrets = new Set(secretsOf(credentials));
  const { host, port = 587, ca } = credentials;
  const tls = credentials.tls ?? (port === 465 ? "implicit" : "starttls");
  const token = accountTokens(account, credentials, secrets);
  const login = smtpLogin(credentials, token);
  const open = async (currentLogin: Login | undefined) => {
    // Before the socket is open: from then on somebody must listen to it.
    const { openSmtp } = await import("./smtp/connection.ts");
    const connection = await account.egress.connect(host, port, { timeoutMs: smtpTimeouts.connect });
    return openSmtp(
      {
        connection,
        host,
        port,
        secure: tls === "implicit",
        requireTLS: tls === "starttls",
        ignoreTLS: tls === "none",
        ...(ca === undefined ? {} : { tls: { ca } }),
        ...(mailDomain ? { name: mailDomain } : {}),
      },
      currentLogin,
      smtpTimeouts,
    );
  };
  const connections = smtpPool({
    maxConnections: 5,
    open: () => open(login).catch((thrown) => open(renewedLogin(login, thrown))),
  });
  const mailbox = createMailbox(account, credentials, token, settings.imapTimeouts);
  return {
    send: connections.send,
    secrets,
    senderDefaults: {
      mailDomain,
      dkim: credentials.dkim,
      senderName: credentials.name,
      returnPath: credentials.returnPath,
    },
    mailbox,
    close: () => {
      connections.close();
      mailbox?.close();
    },
  };
}

/** Returns the login for a second try after a refused token. Rethrows errors that a new token can't cure. */
function renewedLogin(login: Login | undefined, thrown: unknown): Login {
  const error = thrown as { readonly code?: unknown; readonly responseCode?: unknown; readonly cause?: unknown };
  const isCurable = error.code === "EAUTH" && error.responseCode === 535 && error.cause === undefined;
  if (!login || !("token" in login) || !isCurable) throw thrown;
  return { user: login.user, token: () => login.token(true) };
}

/** Returns the factory of relay clients. Clients share a pool; in the sandbox each app has a pool. */
function relayClients(relay: Relay, settings: ClientSettings): (app: string) => Client {
  const { smtpTimeouts = SMTP_TIMEOUTS, mailDomain } = settings;
  const shared = new Map<string, { readonly connections: SmtpPool; users: number }>();
  return (app) => {
    const key = relay.perApp ? app : "";
    const login = relay.login(app);
    const options = { ...(mailDomain ? { name: mailDomain } : {}), ...relay.connection };
    const entry = shared.get(key) ?? {
      users: 0,
      connections: smtpPool({
        maxConnections: relay.maxConnections,
        open: async () => (await import("./smtp/connection.ts")).openSmtp(options, login, smtpTimeouts),
      }),
    };
    shared.set(key, entry);
    entry.users += 1;
    let closed = false;
    return {
      send: entry.connections.send,
      senderDefaults: { mailDomain },
      secrets: new Set(login && "password" in login ? secretsOf({ host: "", ...login }) : []),
      close: () => {
        if (closed) return;
        closed = true;
        entry.users -= 1;
        if (entry.users > 0) return;
        shared.delete(key);
        entry.connections.close();
      },
    };
  };
}
