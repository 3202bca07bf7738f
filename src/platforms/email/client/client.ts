import type { AccountContext } from "../../../platform/platform.ts";
import { type Credentials, secretsOf } from "../credentials.ts";
import type { Letterhead } from "../verbs/compose.ts";
import { smtpLogin, tokensOf } from "./access-tokens.ts";
import type { ImapPatience } from "./imap/connection.ts";
import { type Mailbox, mailboxFor } from "./mailbox.ts";
import { type Letter, type Login, openLine, PATIENCE, type Patience, type Posted } from "./smtp/connection.ts";
import { type Pool, pool } from "./smtp/pool.ts";
import type { Relay } from "./smtp/relay.ts";

/** What `send` works with: a pool to one server, and what belongs into each message. */
export interface Client {
  readonly post: (letter: Letter) => Promise<Posted>;
  readonly head: Letterhead;
  /** Values that must never be seen in what a server says. */
  readonly secrets: ReadonlySet<string>;
  /** Where the account's mail is read; undefined where it says no mailbox. */
  readonly mailbox?: Mailbox | undefined;
  readonly close: () => void;
}

export interface ClientSettings {
  readonly mailDomain?: string | undefined;
  readonly patience?: Patience;
  readonly mailboxPatience?: ImapPatience;
}

/** A client of an app's own mail server. The server is reached through the egress guard only. */
export function accountClient(
  access: AccountContext<Credentials>,
  credentials: Credentials,
  settings: ClientSettings,
): Client {
  const { patience = PATIENCE, mailDomain } = settings;
  const secrets = new Set(secretsOf(credentials));
  const { host, port = 587, ca } = credentials;
  const tls = credentials.tls ?? (port === 465 ? "implicit" : "starttls");
  const token = tokensOf(access, credentials, secrets);
  const login = smtpLogin(credentials, token);
  const open = async (renewed: Login | undefined) => {
    const connection = await access.egress.connect(host, port, { timeoutMs: patience.connect });
    return openLine(
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
      renewed,
      patience,
    );
  };
  const lines = pool({ most: 5, open: () => open(login).catch((thrown) => open(renewing(login, thrown))) });
  const mailbox = mailboxFor(access, credentials, token, settings.mailboxPatience);
  return {
    post: lines.post,
    secrets,
    head: { mailDomain, dkim: credentials.dkim, senderName: credentials.name },
    mailbox,
    close: () => {
      lines.close();
      mailbox?.close();
    },
  };
}

/** The login to try once more with after a refused token; rethrows whatever a new token can't cure. */
function renewing(login: Login | undefined, thrown: unknown): Login {
  const refused = thrown as { readonly code?: unknown; readonly responseCode?: unknown; readonly cause?: unknown };
  const curable = refused.code === "EAUTH" && refused.responseCode === 535 && refused.cause === undefined;
  if (!login || !("token" in login) || !curable) throw thrown;
  return { user: login.user, token: () => login.token(true) };
}

/** Hands out clients of the operator's relay, which share one pool (in the sandbox: one for each app). */
export function relayClients(relay: Relay, settings: ClientSettings): (app: string) => Client {
  const { patience = PATIENCE, mailDomain } = settings;
  const shared = new Map<string, { readonly lines: Pool; users: number }>();
  return (app) => {
    const key = relay.perApp ? app : "";
    const login = relay.login(app);
    const connection = { ...(mailDomain ? { name: mailDomain } : {}), ...relay.connection };
    const entry = shared.get(key) ?? {
      users: 0,
      lines: pool({ most: relay.connections, open: () => openLine(connection, login, patience) }),
    };
    shared.set(key, entry);
    entry.users += 1;
    let closed = false;
    return {
      post: entry.lines.post,
      head: { mailDomain },
      secrets: new Set(login && "password" in login ? secretsOf({ host: "", ...login }) : []),
      close: () => {
        if (closed) return;
        closed = true;
        entry.users -= 1;
        if (entry.users > 0) return;
        shared.delete(key);
        entry.lines.close();
      },
    };
  };
}
