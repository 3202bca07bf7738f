import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import { afterEach, describe, expect, it, vi } from "vitest";
import { egress } from "../../../../src/egress/egress.ts";
import type { Failure } from "../../../../src/model/failure.ts";
import { silentLog } from "../../../../src/model/log.ts";
import { email } from "../../../../src/platforms/email/platform.ts";
import { runOnce } from "../../../support/run-verb.ts";
import { testMailActivity, testVerbContext } from "../../../support/verb-context.ts";

const ends: Array<() => unknown> = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});
const guard = egress({ allowPrivate: ["127.0.0.1"] });
const platform = email({});

/** Mail server with one valid access token, and a server that issues `tokens` in turn. */
async function servers(right: string, tokens: readonly object[], status = 200) {
  const tried: string[] = [];
  const requests: URLSearchParams[] = [];
  const smtp = new SMTPServer({
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    authMethods: ["XOAUTH2"],
    onAuth: ({ accessToken = "" }, _session, done) => {
      tried.push(accessToken);
      if (accessToken === right) done(null, { user: "bob" });
      else done(null, { data: { status: "401", schemes: "bearer", echo: accessToken } });
    },
    onData: (stream, _session, done) => {
      stream.resume().on("end", () => done());
    },
  });
  await new Promise<void>((resolve) => smtp.listen(0, "127.0.0.1", () => resolve()));
  const idp = createServer((req, res) => {
    let body = "";
    req.on("data", (chunk) => {
      body += chunk;
    });
    req.on("end", () => {
      requests.push(new URLSearchParams(body));
      res.writeHead(status, { "content-type": "application/json" });
      res.end(JSON.stringify(tokens[Math.min(requests.length, tokens.length) - 1]));
    });
  });
  await new Promise<void>((resolve) => idp.listen(0, "127.0.0.1", () => resolve()));
  ends.push(
    () => new Promise<void>((resolve) => smtp.close(() => resolve())),
    () => {
      idp.closeAllConnections();
      return new Promise((resolve) => idp.close(resolve));
    },
  );
  const credentials = {
    host: "127.0.0.1",
    port: (smtp.server.address() as AddressInfo).port,
    tls: "none",
    user: "bob@example.test",
    oauth2: {
      tokenUrl: `http://127.0.0.1:${(idp.address() as AddressInfo).port}/token`,
      clientId: "client-1",
      clientSecret: "client-secret-1",
      refreshToken: "refresh-1",
    },
  };
  return { credentials, tried, requests };
}

describe("OAuth2 logins", () => {
  it("fetch an access token through the egress guard and use it", async () => {
    const { credentials, tried, requests } = await servers("token-a", [{ access_token: "token-a", expires_in: 3600 }]);
    await runOnce(platform, testMailActivity(), { credentials, egress: guard });
    expect(tried).toEqual(["token-a"]);
    expect(Object.fromEntries(requests[0] ?? [])).toEqual({
      grant_type: "refresh_token",
      refresh_token: "refresh-1",
      client_id: "client-1",
      client_secret: "client-secret-1",
    });
  });

  it("fetch one token for many connections", async () => {
    const { credentials, requests } = await servers("token-a", [{ access_token: "token-a" }]);
    const access = { app: "a", credentials: credentials as never, egress: guard, log: silentLog };
    const client = await platform.createClient?.(access);
    const send = () => platform.verbs.send?.run(client, testMailActivity(), testVerbContext());
    await Promise.all([send(), send(), send(), send()]);
    await platform.dispose?.(client);
    expect(requests).toHaveLength(1);
  });

  it("refresh a refused token once, with the newest refresh token", async () => {
    const { credentials, tried, requests } = await servers("token-b", [
      { access_token: "token-a", refresh_token: "refresh-2" },
      { access_token: "token-b" },
    ]);
    await runOnce(platform, testMailActivity(), { credentials, egress: guard });
    expect(tried).toEqual(["token-a", "token-b"]);
    expect(requests.map((form) => form.get("refresh_token"))).toEqual(["refresh-1", "refresh-2"]);
  });

  it("are stored after a refresh, and the mail is sent even if that fails", async () => {
    const { credentials, tried } = await servers("token-a", [
      { access_token: "token-a", refresh_token: "refresh-2", expires_in: 3600 },
    ]);
    const stored: unknown[] = [];
    const renewed = async (more: unknown): Promise<void> => {
      stored.push(more);
      throw new Error("Redis is away");
    };
    const client = await platform.createClient?.({
      app: "a",
      credentials: credentials as never,
      saveCredentials: renewed,
      egress: guard,
      log: silentLog,
    });
    const receipt = await platform.verbs.send?.run(client, testMailActivity(), testVerbContext());
    await platform.dispose?.(client);
    expect([receipt?.outcomes[0]?.status, tried]).toEqual(["sent", ["token-a"]]);
    const oauth2 = {
      ...credentials.oauth2,
      refreshToken: "refresh-2",
      accessToken: "token-a",
      expires: expect.any(Number),
    };
    expect(stored).toEqual([{ ...credentials, oauth2 }]);
  });

  it("are invalid when the new token is refused too, and show no token", async () => {
    const { credentials, tried } = await servers("never", [{ access_token: "token-a-secret" }]);
    const thrown = await runOnce(platform, testMailActivity(), { credentials, egress: guard }).catch((error) => error);
    expect(thrown).toMatchObject({ kind: "auth", code: "credentials-invalid" });
    expect(tried.length).toBeLessThanOrEqual(4);
    expect(`${thrown.message} ${thrown.platformCode}`).not.toContain("token-a-secret");
  });

  it.each([
    // Another worker may have refreshed the token already, so the stored credentials are read again.
    [400, { error: "invalid_grant" }, "retryable", "credentials-expired", "400 invalid_grant"],
    [401, { error: "<script>" }, "retryable", "platform-rejected", "401 no error code"],
    [503, {}, "retryable", "platform-unavailable", "503 no error code"],
    [200, { access_token: "two\r\nlines" }, "retryable", "platform-unavailable", "200 no error code"],
  ])("classify %s %j of a token server", async (status, answer, kind, code, platformCode) => {
    const { credentials, tried } = await servers("x", [answer], status);
    const thrown = await runOnce(platform, testMailActivity(), { credentials, egress: guard }).catch((error) => error);
    expect(thrown).toMatchObject({ kind, code, platformCode, mayHaveLanded: false });
    expect(tried).toEqual([]);
  });

  it("are final when the same refresh token is refused again", async () => {
    const { credentials } = await servers("x", [{ error: "invalid_grant" }], 400);
    const access = { app: "app1", credentials: credentials as never, egress: guard, log: silentLog };
    const client = await platform.createClient?.(access);
    const kind = () =>
      Promise.resolve(platform.verbs.send?.run(client, testMailActivity(), testVerbContext())).then(
        () => expect.unreachable("It was sent"),
        (thrown: Failure) => thrown.kind,
      );
    expect(await kind()).toBe("retryable");
    const later = Date.now() + 2_000;
    const clock = vi.spyOn(Date, "now").mockReturnValue(later);
    expect(await kind()).toBe("auth");
    clock.mockRestore();
    await platform.dispose?.(client);
  });
});
