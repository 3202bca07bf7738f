import { Failure } from "../../../model/failure.ts";
import { type OAuth2Login, type Tokens, tokens } from "../../../platform/kit/oauth2.ts";
import type { AccountContext } from "../../../platform/platform.ts";
import type { Credentials } from "../credentials.ts";
import type { Signer } from "./http.ts";

/** After a refused renewal, the stored login is looked at again this much later. */
const FIRST_WAIT_MS = 2_000;

/** What an account's requests are signed with. */
export interface Signing {
  readonly current: () => Promise<Signer>;
  /** Another one in place of what X refused with a 401; undefined where there is none. */
  readonly other: (refused: Signer) => Promise<Signer | undefined>;
}

/** The four words of OAuth 1.0a as they are, or OAuth 2 access tokens kept fresh. `base` is the API's address. */
export function signing(access: AccountContext<Credentials>, credentials: Credentials, base: string): Signing {
  const { apiKey, apiSecret, accessToken, accessSecret } = credentials;
  if (apiKey !== undefined && apiSecret !== undefined && accessToken !== undefined && accessSecret !== undefined) {
    const words = { appKey: apiKey, appSecret: apiSecret, accessToken, accessSecret };
    return { current: async () => words, other: async () => undefined };
  }
  const { clientId = "", refreshToken = "", clientSecret, expires } = credentials;
  const login = {
    tokenUrl: `${base}/2/oauth2/token`,
    clientId,
    refreshToken,
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(expires === undefined ? {} : { expires }),
  };
  const store = async (renewed: Pick<Credentials, "refreshToken" | "accessToken" | "expires">): Promise<void> => {
    const { refreshToken = "", accessToken = "", expires = 0 } = renewed;
    await access.saveCredentials?.({ ...credentials, refreshToken, accessToken, expires }).catch((error: unknown) => {
      access.log.warn({ error: String(error) }, "A renewed X login is not stored; after a restart it may be refused");
    });
  };
  const { withRefreshLock: alone } = access;
  const shared = alone && {
    alone: (renew: (stored: OAuth2Login | undefined) => Promise<string>) =>
      alone((stored) => renew(stored?.clientId === clientId ? { ...login, ...tokensIn(stored) } : undefined)),
  };
  const give = patient(tokens(login, { fetch: access.egress.fetch, store, basic: true, ...shared }));
  let newest = "";
  const ask = async (renew: boolean): Promise<string> => {
    newest = await give(renew);
    return newest;
  };
  // Who comes with an older token than the newest needs no other one to be fetched.
  return { current: () => ask(false), other: (refused) => ask(refused === newest) };
}

function tokensIn({ refreshToken = "", accessToken, expires }: Credentials) {
  return {
    refreshToken,
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(expires === undefined ? {} : { expires }),
  };
}

/**
 * X gives a new refresh token at each renewal and forgets the old one. Another worker that holds the account may just
 * have renewed: then the stored login is newer than ours and the next try gets it. So only the second refusal is final.
 */
function patient(give: Tokens): Tokens {
  let refusedAt: number | undefined;
  /** Those who waited for the same answer are one refusal. */
  const isFinal = ({ kind }: Failure): boolean => {
    if (kind !== "auth") return false;
    refusedAt ??= Date.now();
    return Date.now() - refusedAt >= FIRST_WAIT_MS / 2;
  };
  return (renew) =>
    give(renew).catch((thrown: unknown) => {
      if (!(thrown instanceof Failure)) throw thrown;
      const { kind, code, message: detail, platformCode = "", retryAfterMs = FIRST_WAIT_MS } = thrown;
      if (isFinal(thrown)) throw new Failure({ kind, code, detail, platformCode });
      // Whatever became of the token request, the work itself has not begun: nothing of it can have landed.
      const again = kind === "auth" ? "retryable" : kind;
      throw new Failure({ kind: again, code, detail, platformCode, retryAfterMs });
    });
}
