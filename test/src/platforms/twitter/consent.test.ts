import { afterEach, beforeEach, expect, it } from "vitest";
import { authorizeUrl, codeExchange } from "../../../../src/platforms/twitter/consent.ts";
import { xAccount } from "../../../support/x-account.ts";

const app = {
  clientId: "client-1",
  clientSecret: "client-secret-1",
  redirectUri: "https://gw.example.org/gateway/callback",
};
const verifier = "v".repeat(43);
let x: Awaited<ReturnType<typeof xAccount>>;
beforeEach(async () => {
  x = await xAccount();
});
afterEach(() => x.stop());

it("a consent begins at X with a challenge and ends with a login that works", async () => {
  const url = new URL(authorizeUrl(app, { state: "state-1", verifier }));
  expect(url.origin + url.pathname).toBe("https://x.com/i/oauth2/authorize");
  const words = Object.fromEntries(url.searchParams);
  expect(words).toMatchObject({
    response_type: "code",
    client_id: "client-1",
    state: "state-1",
    code_challenge_method: "S256",
  });
  expect(words.scope?.split(" ")).toContain("offline.access");
  const code = x.server.oauth2.code("34", String(words.code_challenge), String(words.redirect_uri));
  const credentials = await codeExchange(x.egress.fetch, app, { code, verifier, xApi: x.server.origin });
  const alice = await x.open(credentials);
  expect((await alice("query")).object).toMatchObject({ me: { subject: "@alice" } });
});

it.each([
  ["another verifier", { verifier: "w".repeat(43) }, app],
  ["another redirect", { verifier }, { ...app, redirectUri: "https://evil.example.org/" }],
  ["a used code", { verifier, used: true }, app],
  ["another secret", { verifier }, { ...app, clientSecret: "wrong" }],
])("%s gets no login", async (_, { used, ...words }: { verifier: string; used?: boolean }, client) => {
  const challenge = String(new URL(authorizeUrl(app, { state: "s", verifier })).searchParams.get("code_challenge"));
  const code = x.server.oauth2.code("34", challenge, app.redirectUri);
  const exchange = () => codeExchange(x.egress.fetch, client, { code, ...words, xApi: x.server.origin });
  if (used) await exchange();
  await expect(exchange()).rejects.toMatchObject({ kind: "auth", code: "credentials-expired" });
});
