import { Failure } from "../../model/failure.ts";
import type { Egress } from "../platform.ts";

/** OAuth 2 login as stored with an account; `expires` is Unix seconds. */
export interface OAuth2Login {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly refreshToken: string;
  readonly accessToken?: string;
  readonly expires?: number;
  readonly scope?: string;
}

/** Returns the current access token; `renew` requests a new token. Concurrent callers share a request. */
export type Tokens = (renew: boolean) => Promise<string>;

/** Options of an account's tokens. */
export interface TokenOptions {
  readonly fetch: Egress["fetch"];
  /** Receives each value that must never be logged. */
  readonly secret?: (text: string) => void;
  /** Stores the renewed login; many servers accept a refresh token only once. */
  readonly store: (renewed: OAuth2Login) => Promise<void>;
  /** Runs a refresh under a lock with the stored login. Undefined where the account has another login now. */
  readonly alone?: (renew: (stored: OAuth2Login | undefined) => Promise<string>) => Promise<string>;
  /** Client authentication by HTTP Basic instead of the form (RFC 6749 section 2.3.1). */
  readonly basic?: boolean;
}

/** Keeps an access token fresh by the refresh token grant (RFC 6749 section 6). */
export function tokens(login: OAuth2Login, options: TokenOptions): Tokens {
  const { fetch, secret, store, basic = false, alone = (renew) => renew(login) } = options;
  let { accessToken, expires = 0, refreshToken } = login;
  let running: Promise<string> | undefined;

  /** Adopts the token of another worker; undefined where this worker must refresh. */
  function adoptStored(stored: OAuth2Login | undefined): string | undefined {
    if (stored === undefined) throw new Failure(STORED_AGAIN);
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
    running ??= alone(async (stored) => adoptStored(stored) ?? refresh()).finally(() => {
      running = undefined;
    });
    return running;
  };
}

/** Tells whether a token is still valid. A token of unknown age is, until it is refused. */
const isFresh = (expires: number): boolean => expires === 0 || expires > Date.now() / 1_000 + 60;
const STORED_AGAIN = {
  kind: "retryable",
  code: "credentials-expired",
  detail: "The account was stored again meanwhile: the next attempt uses the new login.",
  retryAfterMs: 1_000,
} as const;

/** Grant of a token server; `expires` is Unix seconds. */
export interface TokenGrant {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly expires: number;
}

type Server = Pick<OAuth2Login, "tokenUrl" | "clientId" | "clientSecret"> & { readonly basic?: boolean };

/**
 * Requests a grant of a token server (RFC 6749 sections 4.1.3 and 6).
 * Throws a `Failure`: `credentials-expired` for the refusals that section 5.2 defines, `platform-rejected` for a 401 without
 * a code, which is tried again, and `platform-unavailable` otherwise.
 */
export async function askForGrant(
  fetch: Egress["fetch"],
  { tokenUrl, clientId, clientSecret, basic = false }: Server,
  fields: Readonly<Record<string, string>>,
): Promise<TokenGrant> {
  const byHeader = basic && clientSecret !== undefined;
  const form = new URLSearchParams({
    ...fields,
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
  return read(answer.status, answer.body, fields.grant_type === "refresh_token" ? ENDED : REFUSED);
}

const ENDED = "The login's refresh token is refused: connect the account again.";
const REFUSED =
  "The network refuses the consent: it expired, or the client's id, secret or address differs. Start the consent again.";

/** Proxies and firewalls before a token server answer a 401 as well. */
const UNPROVEN =
  "The token server refuses without naming an error: check the client's id and secret, or connect the account again.";

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

function read(status: number, body: Buffer, refused: string): TokenGrant {
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
  throw grantFailure(status, error, refused);
}

/** Returns the failure that an answer of a token server means. `refused` is the sentence for a refusal by RFC 6749. */
export function grantFailure(status: number, error: string = NO_CODE, refused: string = ENDED): Failure {
  const platformCode = `${status} ${error}`;
  if (status >= 400 && status < 500 && FINAL_ERRORS.has(error))
    return new Failure({ kind: "auth", code: "credentials-expired", detail: refused, platformCode });
  if (status === 401 && error === NO_CODE)
    return new Failure({ kind: "retryable", code: "platform-rejected", detail: UNPROVEN, platformCode });
  const detail = "The token server issues no access token at the moment.";
  return new Failure({ kind: "retryable", code: "platform-unavailable", detail, platformCode });
}

function parsed(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
