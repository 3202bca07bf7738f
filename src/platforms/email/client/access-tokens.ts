import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { Failure } from "../../../model/failure.ts";
import type { ConnectionState } from "../../../platform/connection.ts";
import type { AccountContext } from "../../../platform/platform.ts";
import type { Credentials, Login } from "../credentials.ts";
import { type Tokens, tokens } from "./oauth.ts";

/** Returns the account's access tokens, shared by its connections in a process; undefined without OAuth. */
export function accountTokens(
  account: Pick<AccountContext<Credentials>, "egress" | "log" | "saveCredentials" | "withRefreshLock">,
  credentials: Credentials,
  secrets: Set<string>,
  wasRefusedBefore: () => Promise<boolean> = refusedAMomentAgo(),
): Tokens | undefined {
  const { oauth2 } = credentials;
  if (!oauth2) return undefined;
  // The token in hand is valid all the same: a failed write concerns the operator, not the mail.
  const store = async (login: typeof oauth2): Promise<void> =>
    account.saveCredentials?.({ ...credentials, oauth2: login }).catch((err: unknown) => {
      account.log.warn({ err }, "renewed mail login could not be stored; after a restart the login may be refused");
    });
  const fetchTokens = tokens(
    account.egress.fetch,
    oauth2,
    (secret) => secrets.add(secret),
    store,
    refreshLock(account, credentials),
  );
  return withSecondChance(fetchTokens, wasRefusedBefore);
}

/** Refreshes under the lock with the stored tokens. Where other credentials changed, a new client is due. */
function refreshLock({ withRefreshLock }: Pick<AccountContext<Credentials>, "withRefreshLock">, own: Credentials) {
  if (!withRefreshLock) return undefined;
  return (renew: (stored: Credentials["oauth2"]) => Promise<string>) =>
    withRefreshLock((stored) =>
      renew(stored && isDeepStrictEqual(withoutTokens(stored), withoutTokens(own)) ? stored.oauth2 : undefined),
    );
}
function withoutTokens({ oauth2 = NO_OAUTH, ...others }: Credentials) {
  const { refreshToken: _, accessToken: __, expires: ___, ...client } = oauth2;
  return { client, others };
}
const NO_OAUTH: NonNullable<Credentials["oauth2"]> = { tokenUrl: "", clientId: "", refreshToken: "" };

/** Delay before the stored login is read again after a refused refresh token. */
const SECOND_CHANCE_MS = 2_000;

/**
 * Makes only a second refusal of the same refresh token final. Many servers accept a refresh token once, and several workers
 * have the account's token: the slower worker is refused, and finds the new token stored the next time.
 */
function withSecondChance(fetchTokens: Tokens, wasRefusedBefore: () => Promise<boolean>): Tokens {
  return (renew) =>
    fetchTokens(renew).catch(async (thrown: unknown) => {
      if (!(thrown instanceof Failure) || thrown.kind !== "auth" || (await wasRefusedBefore())) throw thrown;
      const { code, message: detail, platformCode = "" } = thrown;
      throw new Failure({ kind: "retryable", code, detail, platformCode, retryAfterMs: SECOND_CHANCE_MS });
    });
}

/** Treats refusals within a moment as a single refusal. Their callers waited for the same answer. */
function refusedAMomentAgo(): () => Promise<boolean> {
  let firstMs: number | undefined;
  return async () => {
    firstMs ??= Date.now();
    return Date.now() - firstMs >= SECOND_CHANCE_MS / 2;
  };
}

/** Tells whether the stored refresh token was refused already at the account's previous connection. */
export function refusedAtLastConnection(state: ConnectionState, { oauth2 }: Credentials): () => Promise<boolean> {
  const mark = createHash("sha256")
    .update(oauth2?.refreshToken ?? "")
    .digest("base64url");
  return async () => {
    if ((await state.read())[REFUSED_KEY] === mark) return true;
    await state.write(REFUSED_KEY, mark);
    return false;
  };
}
const REFUSED_KEY = "refused-login";

/** Returns the login at the account's SMTP server; undefined for a server without login. */
export function smtpLogin({ user, password }: Credentials, token: Tokens | undefined): Login | undefined {
  if (user === undefined) return undefined;
  if (token) return { user, token };
  return password === undefined ? undefined : { user, password };
}

/** Returns the login at the account's mailbox. The mailbox's own user and password precede the account's. */
export function mailboxLogin({ mailbox, user, password }: Credentials, token: Tokens | undefined): Login | undefined {
  const mailboxUser = mailbox?.user ?? user;
  if (mailboxUser === undefined) return undefined;
  if (mailbox?.password !== undefined) return { user: mailboxUser, password: mailbox.password };
  if (token) return { user: mailboxUser, token };
  return password === undefined ? undefined : { user: mailboxUser, password };
}
