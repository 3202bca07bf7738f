import { createHmac } from "node:crypto";
import type { Response } from "supertest";
import { expect } from "vitest";
import { LOGIN, PAGE } from "../support/facebook-simulator.ts";
import type { Call } from "./calls.ts";

type Say = (request: Call) => Promise<Response>;

/** Account whose network pushes, and an unknown endpoint. */
export const page = { platform: "facebook", address: PAGE, credentials: LOGIN };
export const NO_DOOR = "/inbound/facebook/AAAAAAAAAAAAAAAAAAAAAAAA";

/** Verification with a correct challenge, and one with a malformed query. */
export async function challenges(checked: Say, path: string): Promise<void> {
  const query = (challenge: string) =>
    new URLSearchParams({ "hub.mode": "subscribe", "hub.verify_token": LOGIN.verifyToken, "hub.challenge": challenge });
  const met = await checked({ method: "get", path: `${path}?${query("42")}` });
  expect([met.status, met.text]).toEqual([200, "42"]);
  const odd = await checked({ method: "get", path: `${path}?${query("<b>")}` });
  expect([odd.status, odd.body.code]).toEqual([400, "bad-parameter"]);
}

/** Signed notification, and one whose signed bytes are malformed. */
export async function pushes(checked: Say, path: string): Promise<void> {
  const push = (body: string) => {
    const signature = createHmac("sha256", LOGIN.appSecret).update(body).digest("hex");
    return checked({ method: "post", path, body, headers: { "X-Hub-Signature-256": `sha256=${signature}` } });
  };
  expect((await push('{"object":"page","entry":[]}')).status).toBe(200);
  expect((await push("{")).body.code).toBe("malformed-json");
}
