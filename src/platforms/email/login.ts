import type { Access } from "../../platform.ts";
import type { Credentials } from "./credentials.ts";
import type { Login } from "./line.ts";
import { type Tokens, tokens } from "./oauth.ts";

/** The account's access tokens, shared by all its connections of a process; undefined where it has none. */
export function tokensOf(
  access: Pick<Access<Credentials>, "egress" | "log" | "renewed">,
  credentials: Credentials,
  secrets: Set<string>,
): Tokens | undefined {
  const { oauth2 } = credentials;
  if (!oauth2) return undefined;
  // The token in hand serves all the same: not being able to store it is told to the operator, not to the mail.
  const store = async (renewed: typeof oauth2): Promise<void> =>
    access.renewed?.({ ...credentials, oauth2: renewed }).catch((error: unknown) => {
      access.log.warn({ error }, "A renewed mail login could not be stored; after a restart it may be refused");
    });
  return tokens(access.egress.fetch, oauth2, (secret) => secrets.add(secret), store);
}

/** How to log in at the account's SMTP server; undefined where it wants no login. */
export function smtpLogin({ user, password }: Credentials, token: Tokens | undefined): Login | undefined {
  if (user === undefined) return undefined;
  if (token) return { user, token };
  return password === undefined ? undefined : { user, password };
}

/** How to log in at the account's mailbox: its own user and password, else those of the account. */
export function mailboxLogin({ mailbox, user, password }: Credentials, token: Tokens | undefined): Login | undefined {
  const own = mailbox?.user ?? user;
  if (own === undefined) return undefined;
  if (mailbox?.password !== undefined) return { user: own, password: mailbox.password };
  if (token) return { user: own, token };
  return password === undefined ? undefined : { user: own, password };
}
