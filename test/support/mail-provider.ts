import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import type { MailProvider, Providers } from "../../src/platforms/email/client/providers.ts";

export const MAIL_CLIENT = { clientId: "mail-client-1", clientSecret: "canary-client-secret" };

/**
 * Simulates a mail provider on loopback. Codes work once, with PKCE (RFC 7636 section 4.6); an SMTP server accepts a
 * token for the consenting address only (XOAUTH2). `issued` lists every code and token.
 */
export async function mailProvider() {
  const codes = new Map<string, { readonly user: string; readonly request: URLSearchParams }>();
  const owners = new Map<string, string>();
  const lasting = new Map<string, string>();
  const issued: string[] = [];
  const requests: Array<{ readonly path: string; readonly form: URLSearchParams }> = [];
  let answer: { readonly status: number; readonly body: string } | "stall" | undefined;
  const issue = (kind: string) => {
    const secret = `canary-${kind}-${randomBytes(9).toString("base64url")}`;
    issued.push(secret);
    return secret;
  };

  function granted(form: URLSearchParams): { readonly status: number; readonly body: string } {
    if (form.get("grant_type") === "refresh_token") return refreshed(form.get("refresh_token") ?? "");
    const code = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const isClient =
      form.get("client_id") === MAIL_CLIENT.clientId && form.get("client_secret") === MAIL_CLIENT.clientSecret;
    const request = code?.request;
    const fits =
      request?.get("code_challenge") === challenge &&
      request.get("redirect_uri") === form.get("redirect_uri") &&
      isClient;
    if (!code || !fits)
      return { status: 400, body: JSON.stringify({ error: isClient ? "invalid_grant" : "invalid_client" }) };
    return tokensFor(code.user);
  }
  function tokensFor(user: string) {
    const [token, refresh] = [issue("access"), issue("refresh")];
    owners.set(token, user);
    lasting.set(refresh, user);
    const body = { access_token: token, refresh_token: refresh, expires_in: 3_600, token_type: "Bearer" };
    return { status: 200, body: JSON.stringify(body) };
  }
  /** Redeems a refresh token. Each works once; a second use ends the whole login (RFC 9700 section 4.14.2). */
  function refreshed(token: string) {
    const user = lasting.get(token);
    if (user === undefined) {
      lasting.clear();
      owners.clear();
      return { status: 400, body: JSON.stringify({ error: "invalid_grant" }) };
    }
    lasting.delete(token);
    return tokensFor(user);
  }

  const web = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
      requests.push({ path: request.url ?? "", form });
      if (answer === "stall") return;
      const { status, body } = answer ?? granted(form);
      response.writeHead(status, { "content-type": "application/json" }).end(body);
    });
  });
  const smtp = new SMTPServer({
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    authMethods: ["XOAUTH2"],
    onAuth: ({ accessToken = "", username = "" }, _session, done) => {
      if (owners.get(accessToken) === username) done(null, { user: username });
      else done(null, { data: { status: "401", schemes: "bearer", scope: "mail" } });
    },
    onData: (stream, _session, done) => {
      stream.resume().on("end", () => done());
    },
  });
  smtp.on("error", () => undefined);
  await once(web.listen(0, "127.0.0.1"), "listening");
  await new Promise<void>((resolve) => smtp.listen(0, "127.0.0.1", () => resolve()));
  const origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  const { port } = smtp.server.address() as AddressInfo;
  const provider = (path: string, parameters: MailProvider["extraParameters"]): MailProvider => ({
    authorizeUrl: `${origin}/${path}/authorize`,
    tokenUrl: `${origin}/${path}/token`,
    scope: "mail",
    extraParameters: parameters,
    smtp: { host: "127.0.0.1", port, tls: "none" },
    mailbox: { protocol: "imap", host: "127.0.0.1", port: 1, tls: "none" },
  });

  return {
    providers: {
      google: provider("google", { access_type: "offline", prompt: "consent" }),
      microsoft: provider("{tenant}/v2.0", {}),
    } satisfies Providers,
    issued,
    requests,
    /** Simulates consent at this address; returns the code of the redirect. */
    consent: (url: string, user: string) => {
      const code = issue("code");
      codes.set(code, { user, request: new URL(url).searchParams });
      return code;
    },
    /** Creates a login with an expired access token. */
    expiredLogin: (user: string) => {
      const refresh = issue("refresh");
      lasting.set(refresh, user);
      const { smtp, tokenUrl } = provider("google", {});
      const oauth2 = { tokenUrl, ...MAIL_CLIENT, refreshToken: refresh, accessToken: "an-old-one", expires: 1 };
      return { ...smtp, user, oauth2 };
    },
    /** From now on every request for a token is answered so. */
    failWith: (fault: typeof answer) => {
      answer = fault;
    },
    stop: async () => {
      web.closeAllConnections();
      await Promise.all([
        new Promise((done) => web.close(done)),
        new Promise<void>((done) => smtp.close(() => done())),
      ]);
    },
  };
}
