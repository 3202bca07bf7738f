import { Failure } from "../../model/failure.ts";
import type { Egress } from "../platform.ts";

/** A login by OAuth 2 as an account keeps it; `expires` is Unix seconds. */
export interface OAuth2Login {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly refreshToken: string;
  readonly accessToken?: string;
  readonly expires?: number;
  readonly scope?: string;
}

/** Gives the current access token; `renew` fetches another one. Several callers share one request. */
export type Tokens = (renew: boolean) => Promise<string>;

export interface TokensWords {
  readonly fetch: Egress["fetch"];
  /** Told of each value that must never be seen outside. */
  readonly secret?: (text: string) => void;
  /** Keeps what the server gave: many servers take a refresh token only once. */
  readonly store: (renewed: OAuth2Login) => Promise<void>;
  /** Runs a renewal alone, with the login as it is stored by then; undefined where that is no longer this one. */
  readonly alone?: (renew: (stored: OAuth2Login | undefined) => Promise<string>) => Promise<string>;
  /** How the client names itself (RFC 6749 section 2.3.1): in the form, or by HTTP Basic where it has a secret. */
  readonly basic?: boolean;
}

/** Keeps an account's access token fresh by the refresh token grant (RFC 6749 section 6), through the egress guard. */
export function tokens(login: OAuth2Login, words: TokensWords): Tokens {
  const { fetch, secret, store, basic = false, alone = (renew) => renew(login) } = words;
  let { accessToken, expires = 0, refreshToken } = login;
  let running: Promise<string> | undefined;

  /** What another worker got meanwhile; undefined where it is ours to ask. */
  function taken(stored: OAuth2Login | undefined): string | undefined {
    if (stored === undefined) throw new Failure(STORED_ANEW);
    const isNewer = stored.refreshToken !== refreshToken || (stored.expires ?? 0) > expires;
    if (!isNewer || stored === login) return undefined;
    secret?.(stored.refreshToken);
    ({ accessToken, expires = 0, refreshToken } = stored);
    if (accessToken === undefined || !isFresh(expires)) return undefined;
    secret?.(accessToken);
    return accessToken;
  }

  async function refresh(): Promise<string> {
    const form = {
      grant_type: "refresh_token",
      refresh_token: refreshToken,
      ...(login.scope === undefined ? {} : { scope: login.scope }),
    };
    const grant = await askForGrant(fetch, { ...login, basic }, form);
    secret?.(grant.accessToken);
    if (grant.refreshToken !== undefined) {
      refreshToken = grant.refreshToken;
      secret?.(refreshToken);
    }
    ({ accessToken, expires } = grant);
    await store({ ...login, refreshToken, accessToken, expires });
    return accessToken;
  }

  return async (renew) => {
    if (accessToken !== undefined && isFresh(expires) && !renew) return accessToken;
    running ??= alone(async (stored) => taken(stored) ?? refresh()).finally(() => {
      running = undefined;
    });
    return running;
  };
}

/** A token of unknown age counts as a good one until it is refused. */
const isFresh = (expires: number): boolean => expires === 0 || expires > Date.now() / 1_000 + 60;
const STORED_ANEW = {
  kind: "retryable",
  code: "credentials-expired",
  detail: "The account was stored anew meanwhile: the next try uses that.",
  retryAfterMs: 1_000,
} as const;

/** What a token server gave; `expires` is Unix seconds. */
export interface Grant {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly expires: number;
}

type Server = Pick<OAuth2Login, "tokenUrl" | "clientId" | "clientSecret"> & { readonly basic?: boolean };

/**
 * Asks a token server for a grant (RFC 6749 sections 4.1.3 and 6). Throws a `Failure`: `credentials-expired` when it
 * refuses, `platform-unavailable` when it can't answer now.
 */
export async function askForGrant(
  fetch: Egress["fetch"],
  { tokenUrl, clientId, clientSecret, basic = false }: Server,
  words: Readonly<Record<string, string>>,
): Promise<Grant> {
  const byHeader = basic && clientSecret !== undefined;
  const form = new URLSearchParams({
    ...words,
    client_id: clientId,
    ...(byHeader || clientSecret === undefined ? {} : { client_secret: clientSecret }),
  });
  const pair = [clientId, clientSecret ?? ""].map(encodeURIComponent).join(":");
  const answer = await fetch(tokenUrl, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      accept: "application/json",
      ...(byHeader ? { authorization: `Basic ${Buffer.from(pair).toString("base64")}` } : {}),
    },
    body: form.toString(),
    maxRedirects: 0,
    maxBytes: 65_536,
    timeoutMs: 30_000,
  });
  return read(answer.status, answer.body, words.grant_type === "refresh_token" ? ENDED : REFUSED);
}

const ENDED = "The login's refresh token is refused: connect the account again.";
const REFUSED =
  "The network refuses the consent: it ended, or the client's id, secret or address is another. Begin again.";

const NO_CODE = "no error code";
/**
 * Error codes that end a login (RFC 6749 sections 4.1.2.1 and 5.2). All others, such as `temporarily_unavailable`,
 * `server_error`, a firewall's page or a 429, say nothing about the login and are retried.
 */
const FINAL_ERRORS = new Set([
  "invalid_grant",
  "invalid_client",
  "invalid_request",
  "invalid_scope",
  "unauthorized_client",
  "unsupported_grant_type",
  "access_denied",
  "interaction_required",
  "consent_required",
]);

function read(status: number, body: Buffer, refused: string): Grant {
  const answer = parsed(body);
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: lasts } = answer;
  if (status === 200 && typeof accessToken === "string" && /^[\x21-\x7e]+$/.test(accessToken)) {
    return {
      accessToken,
      expires: Math.floor(Date.now() / 1_000 + (typeof lasts === "number" && lasts > 0 ? lasts : 3_600)),
      ...(typeof refreshToken === "string" && refreshToken !== "" ? { refreshToken } : {}),
    };
  }
  const error = typeof answer.error === "string" && /^[a-z_]{1,40}$/.test(answer.error) ? answer.error : NO_CODE;
  const platformCode = `${status} ${error}`;
  if (!isFinal(status, error)) {
    const detail = "The token server issues no access token at the moment.";
    throw new Failure({ kind: "retryable", code: "platform-unavailable", detail, platformCode });
  }
  throw new Failure({ kind: "auth", code: "credentials-expired", detail: refused, platformCode });
}

/** Tells whether an answer ends the login; a 401 without a code refuses the client (RFC 9110 section 15.5.2). */
function isFinal(status: number, error: string): boolean {
  const isNamed = FINAL_ERRORS.has(error) || (status === 401 && error === NO_CODE);
  return status >= 400 && status < 500 && isNamed;
}

function parsed(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
