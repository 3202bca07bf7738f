import { connectionVerbs } from "../../platform/connection.ts";
import { definePlatform, type Platform } from "../../platform/platform.ts";
import { type Client, type ClientSettings, clientFactory } from "./client/client.ts";
import type { Providers } from "./client/providers.ts";
import { CREDENTIALS_EXAMPLE, Credentials } from "./credentials.ts";
import { classifyError } from "./errors.ts";
import { type InboundSettings, mailboxConnector } from "./inbound/connect.ts";
import type { ConnectedMailbox } from "./inbound/imap-mailbox.ts";
import { sharedMailReaders } from "./inbound/mail-reader.ts";
import { consent } from "./oauth-consent.ts";
import { recover } from "./recover.ts";
import { INBOUND } from "./schemas/inbound-mail.ts";
import { MailboxActor } from "./schemas/mailbox.ts";
import { validate } from "./validate.ts";
import { verbs } from "./verbs/verbs.ts";

export interface EmailSettings extends ClientSettings, InboundSettings {
  /** Addresses of the providers for OAuth consents; only tests use others than the default. */
  readonly mailProviders?: Providers;
}

/**
 * Makes the e-mail platform: SMTP for sending, IMAP and POP3 for an account's mailbox.
 * Throws for a relay URL that can't be read.
 */
export function email(settings: EmailSettings): Platform {
  const readers = sharedMailReaders();
  const createClient = clientFactory(settings);
  const connectMailbox = mailboxConnector(readers, settings);
  return definePlatform<Client | ConnectedMailbox, typeof Credentials>({
    id: "email",
    title: "E-mail",
    aliases: ["smtp"],
    uriSchemes: ["mailto"],
    credentials: { schema: Credentials, example: CREDENTIALS_EXAMPLE },
    inbound: INBOUND,
    needsAccount: settings.relay === undefined,
    lifetimeSeconds: 172_800,
    timeoutSeconds: 900,
    verbs: { ...verbs(readers), ...connectionVerbs("bob@example.com", MailboxActor) },
    validate,
    oauthConsent: consent(settings.mailProviders),
    createClient: (account) => readers.retain(createClient(account)),
    connect: (connection) => readers.retain(connectMailbox(connection)),
    dispose: async (client) => {
      client.close();
      await readers.release();
    },
    recover: (client, activity, context) => recover(client as Client, activity, context),
    classifyError: (thrown) => classifyError(thrown),
  });
}
