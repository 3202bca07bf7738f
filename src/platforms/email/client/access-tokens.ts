import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { Failure } from "../../../model/failure.ts";
import type { ConnectionState } from "../../../platform/connection.ts";
import type { AccountContext } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import { type Tokens, tokens } from "./oauth.ts";
import type { Login } from "./smtp/connection.ts";

/** The account's access tokens, shared by all its connections of a process; undefined where it has none. */
export function tokensOf(
  access: Pick<AccountContext<Credentials>, "egress" | "log" | "saveCredentials" | "withRefreshLock">,
  credentials: Credentials,
  secrets: Set<string>,
  refusedBefore: () => Promise<boolean> = moments(),
): Tokens | undefined {
  const { oauth2 } = credentials;
  if (!oauth2) return undefined;
  // The token in hand serves all the same: not being able to store it is told to the operator, not to the mail.
  const store = async (renewed: typeof oauth2): Promise<void> =>
    access.saveCredentials?.({ ...credentials, oauth2: renewed }).catch((error: unknown) => {
      access.log.warn({ error }, "A renewed mail login could not be stored; after a restart it may be refused");
    });
  return patient(
    tokens(access.egress.fetch, oauth2, (secret) => secrets.add(secret), store, aloneWith(access, credentials)),
    refusedBefore,
  );
}

/** What is stored counts only while it differs in nothing but its tokens: all else needs a new client. */
function aloneWith({ withRefreshLock: alone }: Pick<AccountContext<Credentials>, "withRefreshLock">, own: Credentials) {
  if (!alone) return undefined;
  return (renew: (stored: Credentials["oauth2"]) => Promise<string>) =>
    alone((stored) => renew(stored && isDeepStrictEqual(rest(stored), rest(own)) ? stored.oauth2 : undefined));
}
function rest({ oauth2 = NONE, ...more }: Credentials) {
  const { refreshToken: _, accessToken: __, expires: ___, ...client } = oauth2;
  return { client, more };
}
const NONE: NonNullable<Credentials["oauth2"]> = { tokenUrl: "", clientId: "", refreshToken: "" };

/** The stored login is looked at again so long after its refresh token was refused. */
const LOOK_AGAIN_MS = 2_000;

/**
 * Many servers take a refresh token only once, and several workers have the account's: who comes second is refused, and
 * finds the new one stored the next time. So only a second refusal of the same one is final.
 */
function patient(give: Tokens, refusedBefore: () => Promise<boolean>): Tokens {
  return (renew) =>
    give(renew).catch(async (thrown: unknown) => {
      if (!(thrown instanceof Failure) || thrown.kind !== "auth" || (await refusedBefore())) throw thrown;
      const { code, message: detail, platformCode = "" } = thrown;
      throw new Failure({ kind: "retryable", code, detail, platformCode, retryAfterMs: LOOK_AGAIN_MS });
    });
}

/** Those who waited for the same answer are one refusal. */
function moments(): () => Promise<boolean> {
  let first: number | undefined;
  return async () => {
    first ??= Date.now();
    return Date.now() - first >= LOOK_AGAIN_MS / 2;
  };
}

/** Whether the refresh token that is stored was refused when the account was held the last time. */
export function notedRefusal(notes: ConnectionState, { oauth2 }: Credentials): () => Promise<boolean> {
  const mark = createHash("sha256")
    .update(oauth2?.refreshToken ?? "")
    .digest("base64url");
  return async () => {
    if ((await notes.read())[REFUSED] === mark) return true;
    await notes.write(REFUSED, mark);
    return false;
  };
}
const REFUSED = "refused-login";

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
