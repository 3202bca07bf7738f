import type { Response } from "supertest";
import { expect } from "vitest";
import { ALICE, type xSimulator } from "../support/x-simulator.ts";
import type { Call } from "./calls.ts";

type Say = (request: Call) => Promise<Response>;

/** Begins a consent at X's stand-in. */
export const beginning = {
  client: { clientId: "client-1", clientSecret: "client-secret-1" },
  returnTo: "https://gw.example.org/back",
};
/** Callback with an unknown state. */
export const NO_STATE = "/accounts/twitter/callback?state=none&error=access_denied";

/** Every way in which a consent goes on, but those of a gateway in trouble. */
export async function consents(
  checked: Say,
  key: string,
  x: Pick<Awaited<ReturnType<typeof xSimulator>>, "oauth2">,
): Promise<void> {
  const begin = async (body: object) => {
    const begun = await checked({ method: "post", path: "/accounts/twitter/connect", key, body });
    expect(begun.status).toBe(303);
    return new URL(begun.body.url).searchParams;
  };
  const back = async (params: URLSearchParams, more: Record<string, string>) => {
    const query = new URLSearchParams({ state: String(params.get("state")), ...more });
    return checked({ method: "get", path: `/accounts/twitter/callback?${query}` });
  };
  const { client } = beginning;
  const params = await begin({ client });
  const code = x.oauth2.code(ALICE.id, String(params.get("code_challenge")), String(params.get("redirect_uri")));
  expect((await back(params, { code })).status).toBe(200);
  expect((await back(params, { code })).body.code).toBe("not-found");
  expect((await back(await begin({ client }), { error: "access_denied" })).status).toBe(422);
  const returned = await back(await begin(beginning), { error: "access_denied" });
  const proof = String(new URL(String(returned.headers.location)).searchParams.get("proof"));
  const path = "/accounts/twitter/connect";
  expect((await checked({ method: "get", path: `${path}/${proof}`, key })).body.status).toBe("failed");
  for (const [request, expected] of [
    [{ method: "get", path: `${path}/none`, key }, "not-found"],
    [{ method: "get", path: `${path}/%ZZ`, key }, "bad-parameter"],
    [{ method: "get", path: "/accounts/twitter/callback" }, "bad-parameter"],
    [{ method: "post", path: "/accounts/irc/connect", key, body: { client } }, "not-found"],
  ] as const)
    expect([request.path, (await checked(request)).body.code]).toEqual([request.path, expected]);
}
