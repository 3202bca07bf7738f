import { Failure } from "../../../model/failure.ts";
import { failureWith } from "../../../platform/kit/error-table.ts";
import { type OAuth2Login, type Tokens, tokens } from "../../../platform/kit/oauth2.ts";
import type { AccountContext } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import type { Signer } from "./http.ts";

/** Delay after a refused renewal before the stored credentials are read again. */
const FIRST_RETRY_MS = 2_000;

/** Source of the credentials that sign requests. */
export interface SignerSource {
  readonly current: () => Promise<Signer>;
  /** Returns another signer after X answered 401; undefined where there is none. */
  readonly replace: (refused: Signer) => Promise<Signer | undefined>;
}

/** Creates the account's signer. The signer uses the OAuth 1.0a credentials as stored, or OAuth 2 access tokens kept fresh. */
export function accountSigner(
  account: AccountContext<Credentials>,
  credentials: Credentials,
  base: string,
): SignerSource {
  const { apiKey, apiSecret, accessToken, accessSecret } = credentials;
  if (apiKey !== undefined && apiSecret !== undefined && accessToken !== undefined && accessSecret !== undefined) {
    const signer = { appKey: apiKey, appSecret: apiSecret, accessToken, accessSecret };
    return { current: async () => signer, replace: async () => undefined };
  }
  const getToken = retryOnce(accountTokens(account, credentials, base));
  let newest = "";
  const ask = async (renew: boolean): Promise<string> => {
    newest = await getToken(renew);
    return newest;
  };
  // A request signed with an older token than the newest needs no further renewal.
  return { current: () => ask(false), replace: (refused) => ask(refused === newest) };
}

function accountTokens(account: AccountContext<Credentials>, credentials: Credentials, base: string): Tokens {
  const { clientId = "", refreshToken = "", clientSecret, accessToken, expires } = credentials;
  const login = {
    tokenUrl: `${base}/2/oauth2/token`,
    clientId,
    refreshToken,
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(expires === undefined ? {} : { expires }),
  };
  const store = async (login: Pick<Credentials, "refreshToken" | "accessToken" | "expires">): Promise<void> => {
    const { refreshToken = "", accessToken = "", expires = 0 } = login;
    await account.saveCredentials?.({ ...credentials, refreshToken, accessToken, expires }).catch((err: unknown) => {
      account.log.warn({ err }, "renewed x credentials could not be stored; x may refuse them after a restart");
    });
  };
  const { withRefreshLock } = account;
  const lock = withRefreshLock && {
    alone: (renew: (stored: OAuth2Login | undefined) => Promise<string>) =>
      withRefreshLock((stored) => renew(stored?.clientId === clientId ? { ...login, ...tokensIn(stored) } : undefined)),
  };
  return tokens(login, { fetch: account.egress.fetch, store, basic: true, ...lock });
}

function tokensIn({ refreshToken = "", accessToken, expires }: Credentials) {
  return {
    refreshToken,
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(expires === undefined ? {} : { expires }),
  };
}

/**
 * Makes only the second refusal of a refresh token final. X issues a new refresh token at each renewal and forgets the old
 * one; another worker may just have renewed, and then the next attempt reads the newer stored credentials.
 */
function retryOnce(getToken: Tokens): Tokens {
  let refusedAt: number | undefined;
  /** Counts callers that waited for the same answer as one refusal. */
  const isFinal = ({ kind }: Failure): boolean => {
    if (kind !== "auth") return false;
    refusedAt ??= Date.now();
    return Date.now() - refusedAt >= FIRST_RETRY_MS / 2;
  };
  return (renew) =>
    getToken(renew).catch((thrown: unknown) => {
      if (!(thrown instanceof Failure)) throw thrown;
      if (isFinal(thrown)) throw failureWith(thrown, { mayHaveLanded: false });
      // The activity's own request was not sent yet, whatever became of the token request: nothing can have landed.
      const { retryAfterMs = FIRST_RETRY_MS } = thrown;
      const kind = thrown.kind === "auth" ? "retryable" : thrown.kind;
      throw failureWith(thrown, { kind, retryAfterMs, mayHaveLanded: false });
    });
}
