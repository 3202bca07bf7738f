import { Failure } from "../../failure.ts";
import type { Egress } from "../../platform.ts";
import type { Credentials } from "./credentials.ts";

/** Gives the current access token; `renew` fetches another one. Several callers share one request. */
export type Tokens = (renew: boolean) => Promise<string>;

/**
 * Keeps an account's access token fresh by the refresh token grant (RFC 6749 section 6), through the egress guard, and
 * hands what the server gave to `store`: many servers take a refresh token only once.
 */
export function tokens(
  fetch: Egress["fetch"],
  oauth2: NonNullable<Credentials["oauth2"]>,
  secret: (text: string) => void,
  store: (renewed: NonNullable<Credentials["oauth2"]>) => Promise<void>,
): Tokens {
  let { accessToken, expires = 0, refreshToken } = oauth2;
  let running: Promise<string> | undefined;

  async function refresh(): Promise<string> {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      refresh_token: refreshToken,
      client_id: oauth2.clientId,
      ...(oauth2.clientSecret === undefined ? {} : { client_secret: oauth2.clientSecret }),
      ...(oauth2.scope === undefined ? {} : { scope: oauth2.scope }),
    });
    const answer = await fetch(oauth2.tokenUrl, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
      body: form.toString(),
      maxRedirects: 0,
      maxBytes: 65_536,
      timeoutMs: 30_000,
    });
    const grant = read(answer.status, answer.body);
    secret(grant.accessToken);
    if (grant.refreshToken !== undefined) {
      refreshToken = grant.refreshToken;
      secret(refreshToken);
    }
    accessToken = grant.accessToken;
    expires = Math.floor(Date.now() / 1_000 + grant.lasts);
    await store({ ...oauth2, refreshToken, accessToken, expires });
    return accessToken;
  }

  return async (renew) => {
    const fresh = expires === 0 || expires > Date.now() / 1_000 + 60;
    if (accessToken !== undefined && fresh && !renew) return accessToken;
    running ??= refresh().finally(() => {
      running = undefined;
    });
    return running;
  };
}

interface Grant {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly lasts: number;
}

function read(status: number, body: Buffer): Grant {
  const answer = parsed(body);
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: lasts } = answer;
  if (status === 200 && typeof accessToken === "string" && /^[\x21-\x7e]+$/.test(accessToken)) {
    return {
      accessToken,
      lasts: typeof lasts === "number" && lasts > 0 ? lasts : 3_600,
      ...(typeof refreshToken === "string" && refreshToken !== "" ? { refreshToken } : {}),
    };
  }
  const error =
    typeof answer.error === "string" && /^[a-z_]{1,40}$/.test(answer.error) ? answer.error : "no error code";
  const platformCode = `${status} ${error}`;
  if (status >= 500 || status === 429 || status === 200) {
    const detail = "The token server gives no access token at the moment.";
    throw new Failure({ kind: "retryable", code: "platform-unavailable", detail, platformCode });
  }
  const detail = "The login's refresh token is refused: connect the account again.";
  throw new Failure({ kind: "auth", code: "credentials-expired", detail, platformCode });
}

function parsed(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
