import type { Credentials } from "../credentials.ts";

/** A mail provider whose users can connect their mailbox by OAuth 2. */
export interface MailProvider {
  /** May contain `{tenant}`, like `tokenUrl`. */
  readonly authorizeUrl: string;
  readonly tokenUrl: string;
  readonly scope: string;
  /** Further parameters of the authorization request. */
  readonly extraParameters: Readonly<Record<string, string>>;
  readonly smtp: Pick<Credentials, "host" | "port" | "tls" | "ca">;
  readonly mailbox: NonNullable<Credentials["mailbox"]>;
}

export type Providers = Readonly<Record<"google" | "microsoft", MailProvider>>;

/** Addresses of the providers; only tests use others, never a tenant. */
export const PROVIDERS: Providers = {
  // https://developers.google.com/workspace/gmail/imap/xoauth2-protocol; a refresh token needs offline and consent.
  google: {
    authorizeUrl: "https://accounts.google.com/o/oauth2/v2/auth",
    tokenUrl: "https://oauth2.googleapis.com/token",
    scope: "https://mail.google.com/",
    extraParameters: { access_type: "offline", prompt: "consent" },
    smtp: { host: "smtp.gmail.com", port: 587, tls: "starttls" },
    mailbox: { protocol: "imap", host: "imap.gmail.com" },
  },
  // https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
  microsoft: {
    authorizeUrl: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
    tokenUrl: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
    scope: "https://outlook.office.com/SMTP.Send https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
    extraParameters: { response_mode: "query", prompt: "select_account" },
    smtp: { host: "smtp.office365.com", port: 587, tls: "starttls" },
    mailbox: { protocol: "imap", host: "outlook.office365.com" },
  },
};
