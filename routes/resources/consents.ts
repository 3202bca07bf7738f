import { type Request, type Response, Router } from "express";
import type { ConsentOutcome, Consents } from "../../src/consents/consents.ts";
import type { Admit } from "../../src/operations/admission.ts";
import { type BeginConsentDeps, beginConsent, requireConsentPlatform } from "../../src/operations/begin-consent.ts";
import { type FinishConsentDeps, finishConsent } from "../../src/operations/finish-consent.ts";
import type { PlatformRegistry } from "../../src/platform/platform-registry.ts";
import type { CountFailedAuth } from "../http/auth-rate-limit.ts";
import type { Authenticate } from "../http/authenticate.ts";
import { readJson } from "../http/json-body.ts";
import { Problem } from "../http/problem.ts";
import { objectOf, parseAs } from "../http/validate-body.ts";
import { ConsentRequest } from "./consent-schemas.ts";

export interface ConsentRoutesDeps extends BeginConsentDeps, FinishConsentDeps {
  readonly authenticate: Authenticate;
  readonly consents: Pick<
    Consents,
    "begin" | "claim" | "submitCode" | "saveOutcome" | "outcome" | "issueProof" | "verifyProof"
  >;
  readonly platforms: PlatformRegistry;
  readonly countFailedAuth: CountFailedAuth;
  /** Bounds how often an app begins consents, as its own posts are bounded. */
  readonly admit: Admit;
}

type PlatformRequest = Request<{ platform: string }>;

/** Makes the routes of a user's consent (OAuth 2). The app begins it with its key, the user's browser ends it. */
export function consentRoutes(deps: ConsentRoutesDeps): Router {
  const { authenticate, consents } = deps;
  const router = Router({ caseSensitive: true });

  router.post("/accounts/:platform/connect", async (req: PlatformRequest, res) => {
    const { app } = await authenticate(req, "accounts");
    await deps.admit(app);
    const platform = requireConsentPlatform(deps.platforms, req.params.platform);
    const { client, ...options } = parseAs(ConsentRequest, (await readJson(req)).value);
    const { id, url, redirectUri } = await beginConsent(deps, app, platform, { client: objectOf(client), ...options });
    res.status(303).location(url).json({ url, redirectUri, consent: id });
  });

  router.get("/accounts/:platform/connect/:proof", async (req: Request<{ platform: string; proof: string }>, res) => {
    const { app } = await authenticate(req, "accounts");
    const platform = requireConsentPlatform(deps.platforms, req.params.platform);
    const consent = await consents.verifyProof(app, platform.id, req.params.proof);
    if (consent === undefined) throw new Problem("not-found", "No consent of this app has this proof.");
    const outcome = await consents.outcome(consent);
    const status = outcome === undefined ? "pending" : "error" in outcome ? "failed" : "connected";
    res.json({ consent, status, ...outcome });
  });

  // A mail scanner that looks at the address must not use up the state that the browser brings.
  router.head("/accounts/:platform/callback", () => {
    throw new Problem("method-not-allowed", "This path accepts GET.", { headers: { Allow: "GET, OPTIONS" } });
  });
  router.get("/accounts/:platform/callback", (req: PlatformRequest, res) => answerCallback(deps, req, res));
  return router;
}

async function answerCallback(deps: ConsentRoutesDeps, req: PlatformRequest, res: Response): Promise<void> {
  const callback = { state: parameter(req, "state"), code: parameter(req, "code"), error: parameter(req, "error") };
  if (callback.code === "" && callback.error === "") {
    throw new Problem("bad-parameter", "A callback has `state`, and `code` or `error`.");
  }
  const finished = await finishConsent(deps, req.params.platform, callback);
  if (finished === undefined) {
    await deps.countFailedAuth(req);
    throw new Problem("not-found", "This consent was used already or has expired: start again.");
  }
  const { consent, outcome } = finished;
  res.set("Referrer-Policy", "no-referrer");
  if (consent.returnTo === undefined) return answerInPlace(res, outcome);
  const proof = await deps.consents.issueProof(consent);
  res
    .status(303)
    .location(returnAddress(consent.returnTo, proof, outcome))
    .end();
}

function parameter({ query }: Request, name: string): string {
  const value = query[name];
  return typeof value === "string" && value.length <= 4_096 ? value : "";
}

function returnAddress(returnTo: string, proof: string, outcome: ConsentOutcome): string {
  const url = new URL(returnTo);
  url.searchParams.set("proof", proof);
  if ("error" in outcome) url.searchParams.set("error", outcome.error.code);
  return url.href;
}

function answerInPlace(res: Response, outcome: ConsentOutcome): void {
  const message = "error" in outcome ? outcome.error.detail : "The account is connected. You may close this page.";
  res.set("Content-Security-Policy", "default-src 'none'");
  res
    .status("error" in outcome ? 422 : 200)
    .type("text/plain")
    .send(`${message}\n`);
}
