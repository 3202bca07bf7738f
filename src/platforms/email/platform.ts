import { Failure } from "../../model/failure.ts";
import { connectionVerbs } from "../../platform/connection.ts";
import { fairSemaphore } from "../../platform/kit/semaphore.ts";
import { type AccountContext, definePlatform, type Platform } from "../../platform/platform.ts";
import { accountClient, type Client, type ClientSettings, relayClients } from "./client/client.ts";
import { holdMailbox } from "./client/mailbox.ts";
import type { Providers } from "./client/providers.ts";
import { type RelaySettings, relayOf } from "./client/smtp/relay.ts";
import { CREDENTIALS_EXAMPLE, Credentials } from "./credentials.ts";
import { classifyError } from "./errors.ts";
import type { HeldMailbox } from "./inbound/imap-mailbox.ts";
import { mailReader } from "./inbound/mail.ts";
import { consent } from "./oauth-consent.ts";
import { recover } from "./recover.ts";
import { MailboxActor } from "./schemas/mailbox.ts";
import { refuse } from "./verbs/send.ts";
import { verbs } from "./verbs/verbs.ts";

export interface EmailSettings extends ClientSettings {
  /** Takes mail of actors without an account; without it every actor needs one. */
  readonly relay?: RelaySettings | undefined;
  /** Between two polls of a POP3 mailbox; default a minute, less only for tests. */
  readonly pop3PollMs?: number;
  /** Where users consent to the use of their mail; only tests say otherwise than it is. */
  readonly mailProviders?: Providers;
}

/**
 * Mail: out over SMTP, by an app's own server or the operator's relay, and in from an account's mailbox. Throws for a
 * relay URL that can't be read.
 */
export function email(settings: EmailSettings): Platform {
  const byRelay = settings.relay && relayClients(relayOf(settings.relay), settings);
  // Its threads serve all accounts of this process, and live as long as one of them has a client.
  const reader = mailReader();
  const pop3 = { large: fairSemaphore(4), pollMs: settings.pop3PollMs };
  let users = 0;
  async function left(): Promise<void> {
    users -= 1;
    if (users === 0) await reader.close();
  }
  /** Counted from the start: who is still connecting reads mail already. */
  async function using<T>(made: Promise<T>): Promise<T> {
    users += 1;
    try {
      return await made;
    } catch (thrown) {
      await left();
      throw thrown;
    }
  }
  async function opened(access: AccountContext<Credentials>): Promise<Client> {
    if (access.credentials) return accountClient(access, access.credentials, settings);
    if (byRelay) return byRelay(access.app);
    const detail = "There is no mail server for this actor: store an account.";
    throw new Failure({ kind: "auth", code: "account-unknown", detail });
  }
  return definePlatform<Client | HeldMailbox, typeof Credentials>({
    id: "email",
    title: "E-mail",
    aliases: ["smtp"],
    uriSchemes: ["mailto"],
    credentials: { schema: Credentials, example: CREDENTIALS_EXAMPLE },
    needsAccount: byRelay === undefined,
    lifetimeSeconds: 172_800,
    timeoutSeconds: 900,
    verbs: { ...verbs(reader), ...connectionVerbs("bob@example.com", MailboxActor) },
    validate: refuse,
    oauthConsent: consent(settings.mailProviders),
    createClient: (access) => using(opened(access)),
    connect: (context) => using(holdMailbox(context, reader, pop3, settings.mailboxPatience)),
    dispose: async (client) => {
      client.close();
      await left();
    },
    recover: (client, activity, context) => recover(client as Client, activity, context),
    classifyError: (thrown) => classifyError(thrown),
  });
}
