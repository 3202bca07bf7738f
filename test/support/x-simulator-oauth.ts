import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

/** The four words of an OAuth 1.0a login. */
export interface OAuth1Credentials {
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly accessToken: string;
  readonly accessSecret: string;
}

const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * Verifies the OAuth 1.0a signature of a request (RFC 5849 section 3.4). Written from the RFC, so that mistakes of the
 * library are not shared. `url` is the requested address with its query.
 */
export function signedBy(
  credentials: OAuth1Credentials,
  header: string,
  method: string,
  url: URL,
  seen: Set<string>,
): boolean {
  const fields = new Map(
    [...header.replace(/^OAuth /, "").matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, name = "", value = ""]) => [
      name,
      decodeURIComponent(value),
    ]),
  );
  const signature = fields.get("oauth_signature") ?? "";
  const nonce = fields.get("oauth_nonce") ?? "";
  const old = Math.abs(Number(fields.get("oauth_timestamp")) - Date.now() / 1_000) > 300;
  if (fields.get("oauth_token") !== credentials.accessToken || fields.get("oauth_consumer_key") !== credentials.apiKey)
    return false;
  if (fields.get("oauth_signature_method") !== "HMAC-SHA1" || nonce === "" || seen.has(nonce) || !(old === false))
    return false;
  seen.add(nonce);
  fields.delete("oauth_signature");
  const pairs = [...fields, ...url.searchParams].map(([name, value]) => [encoded(name), encoded(value)] as const);
  pairs.sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1));
  const parameters = pairs.map(([name, value]) => `${name}=${value}`).join("&");
  const base = [method, `${url.origin}${url.pathname}`, parameters].map(encoded).join("&");
  const key = `${encoded(credentials.apiSecret)}&${encoded(credentials.accessSecret)}`;
  const expected = createHmac("sha1", key).update(base).digest();
  const actual = Buffer.from(signature, "base64");
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/** X's token server: rotating refresh tokens (each works once), and codes with PKCE. */
export function tokenServer(client: { readonly id: string; readonly secret?: string }, lifeSeconds = 7_200) {
  const access = new Map<string, { readonly user: string; readonly until: number }>();
  const refresh = new Map<string, string>();
  const codes = new Map<string, { readonly user: string; readonly challenge: string; readonly redirectUri: string }>();
  const requests: URLSearchParams[] = [];

  function give(user: string) {
    const [accessToken, refreshToken] = [randomBytes(18), randomBytes(18)].map((bytes) => bytes.toString("base64url"));
    access.set(String(accessToken), { user, until: Date.now() + lifeSeconds * 1_000 });
    refresh.set(String(refreshToken), user);
    return { access_token: accessToken, refresh_token: refreshToken, expires_in: lifeSeconds, token_type: "bearer" };
  }
  function userOf(form: URLSearchParams): string | undefined {
    const token = form.get("refresh_token") ?? "";
    const code = codes.get(form.get("code") ?? "");
    if (form.get("grant_type") === "refresh_token") {
      const user = refresh.get(token);
      refresh.delete(token);
      return user;
    }
    codes.delete(form.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const fits = code?.challenge === challenge && code.redirectUri === form.get("redirect_uri");
    return form.get("grant_type") === "authorization_code" && fits ? code.user : undefined;
  }

  return {
    requests,
    /** Creates tokens of an account after its consent. */
    login: (user: string) => {
      const { access_token: accessToken, refresh_token: refreshToken } = give(user);
      const secret = client.secret === undefined ? {} : { clientSecret: client.secret };
      return { clientId: client.id, ...secret, accessToken: String(accessToken), refreshToken: String(refreshToken) };
    },
    /** The user behind a bearer token that still lives. */
    user: (token: string) => {
      const found = access.get(token);
      return found && found.until > Date.now() ? found.user : undefined;
    },
    revokeAccess: () => access.clear(),
    revokeAll: () => {
      access.clear();
      refresh.clear();
    },
    code: (user: string, challenge: string, redirectUri: string) => {
      const code = randomBytes(12).toString("base64url");
      codes.set(code, { user, challenge, redirectUri });
      return code;
    },
    answer: (body: string, authorization: string | undefined): { readonly status: number; readonly body: object } => {
      const form = new URLSearchParams(body);
      requests.push(form);
      const basic = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString("base64")}`;
      const known = client.secret === undefined ? form.get("client_id") === client.id : authorization === basic;
      if (!known) return { status: 401, body: { error: "unauthorized_client" } };
      const user = userOf(form);
      return user === undefined
        ? { status: 400, body: { error: "invalid_request" } }
        : { status: 200, body: give(user) };
    },
  };
}
