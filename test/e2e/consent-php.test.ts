import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { samplesIn } from "../support/docs-samples.ts";
import { freePort, listening } from "../support/free-port.ts";
import { gateway } from "../support/gateway.ts";
import { guardedSpawn } from "../support/guarded-spawn.ts";
import { xSimulator } from "../support/x-simulator.ts";

const SITE = "https://shop.example.org";
let gw: Awaited<ReturnType<typeof gateway>>;
let x: Awaited<ReturnType<typeof xSimulator>>;
let php: ReturnType<typeof guardedSpawn>;
let dir: string;
let port: number;

/** Serves the page of docs/consent.md with PHP. */
beforeAll(async () => {
  x = await xSimulator();
  const own = { PUBLIC_URL: "https://gw.example.org", ALLOWED_ORIGINS: SITE };
  gw = await gateway({ ...own, X_API_URL: x.origin, ALLOW_PRIVATE: "127.0.0.0/8" });
  dir = await mkdtemp(join(tmpdir(), "dgm-consent-"));
  const page = samplesIn("docs/consent.md").find(({ language }) => language === "php");
  await writeFile(join(dir, "connect.php"), page?.text ?? "");
  port = await freePort();
  const gatewayEnv = { DRAGOMAN_URL: `${gw.url}/gateway`, DRAGOMAN_KEY: await gw.keyOf("shop") };
  const env = { ...process.env, ...gatewayEnv, X_CLIENT_ID: "client-1", X_CLIENT_SECRET: "client-secret-1" };
  const server = ["php", "-d", `session.save_path=${dir}`, "-S", `127.0.0.1:${port}`, "-t", dir] as const;
  php = guardedSpawn([...server], { env, output: "ignore" });
  await listening(port);
});
afterAll(async () => {
  php.kill("SIGKILL");
  await gw.stop();
  await x.stop();
  await rm(dir, { recursive: true, force: true });
});

/** User with a separate browser. */
function browser() {
  let cookie = "";
  return async (address: string) => {
    const url = address.replace(SITE, `http://127.0.0.1:${port}`).replace("https://gw.example.org", gw.url);
    const answer = await fetch(url, { redirect: "manual", headers: { cookie } });
    cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? cookie;
    return { status: answer.status, location: answer.headers.get("location") ?? "", text: await answer.text() };
  };
}
/** Query with which X redirects consenting users. */
function agreed(address: string, user: string): string {
  const params = new URL(address).searchParams;
  const [state, challenge, redirect] = ["state", "code_challenge", "redirect_uri"].map(
    (name) => params.get(name) ?? "",
  );
  const code = x.oauth2.code(user, String(challenge), String(redirect));
  return `${redirect}?${new URLSearchParams({ state: String(state), code })}`;
}

it("the PHP page of docs/consent.md connects a user's account", async () => {
  const open = browser();
  const { status, location } = await open(`${SITE}/connect.php`);
  expect([status, new URL(location).host]).toEqual([303, "x.com"]);
  const back = await open(agreed(location, "34"));
  expect(back.location).toMatch(/^https:\/\/shop\.example\.org\/connect\.php\?proof=/);
  expect((await open(back.location)).text).toBe("Connected: @alice\n");
  expect((await open(back.location)).status).toBe(403);
});

it("the PHP page refuses a redirect of another browser's session", async () => {
  const mallory = browser();
  const { location } = await mallory(`${SITE}/connect.php`);
  // Mallory has a victim open the address; the victim agrees, with another session or none.
  const victim = browser();
  const back = await victim(agreed(location, "12"));
  expect(await victim(back.location)).toMatchObject({
    status: 403,
    text: "This connection was not started in this session.",
  });
  // In the other direction: a user who opens Mallory's redirect gets no account of Mallory's.
  const own = browser();
  await own(`${SITE}/connect.php`);
  expect((await own(back.location)).status).toBe(403);
  expect((await mallory(`${SITE}/connect.php?proof=${new URL(location).searchParams.get("state")}`)).status).toBe(403);
});

it("the PHP page shows the reason of a failed consent", async () => {
  const open = browser();
  const { location } = await open(`${SITE}/connect.php`);
  const state = new URL(location).searchParams.get("state");
  const back = await open(
    `https://gw.example.org/gateway/accounts/twitter/callback?state=${state}&error=access_denied`,
  );
  expect((await open(back.location)).text).toBe("It did not work: The user denied the consent.");
});
