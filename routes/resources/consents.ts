import { setTimeout as after } from "node:timers/promises";
import { type Request, type Response, Router } from "express";
import type { ConsentOutcome, Consents } from "../../src/consents/consents.ts";
import { validationErrors } from "../../src/model/validate.ts";
import type { LaneQueues } from "../../src/outbox/lane-queues.ts";
import type { Platform } from "../../src/platform/platform.ts";
import type { PlatformRegistry } from "../../src/platform/platform-registry.ts";
import type { AdmitOne } from "../http/admission.ts";
import type { CountGuess } from "../http/auth-rate-limit.ts";
import type { Authenticate } from "../http/authenticate.ts";
import type { Origins } from "../http/origin.ts";
import { Problem } from "../http/problem.ts";
import { checked, invalid, objectOf } from "../http/validate-body.ts";
import { ConsentRequest } from "./consent-schemas.ts";

export interface ConsentRoutesDeps {
  readonly who: Authenticate;
  readonly consents: Pick<
    Consents,
    "begin" | "claim" | "submitCode" | "saveOutcome" | "outcome" | "issueProof" | "verifyProof"
  >;
  readonly lanes: Pick<LaneQueues, "startExchange">;
  readonly platforms: PlatformRegistry;
  /** With the base path; undefined where PUBLIC_URL is not set. */
  readonly publicBase: string | undefined;
  readonly origins: Pick<Origins, "isListed">;
  readonly countGuess: CountGuess;
  /** Bounds the beginnings of an app as its own posts are bounded. */
  readonly admit: AdmitOne;
}

type InPlatform = Request<{ platform: string }>;

/** The consent of a user (OAuth 2): begun by the app with its key, ended by the user's browser with the state. */
export function consentRoutes(deps: ConsentRoutesDeps): Router {
  const { who, consents } = deps;
  const router = Router({ caseSensitive: true });

  router.post("/accounts/:platform/connect", async (req: InPlatform, res) => {
    const { app } = await who(req, "accounts");
    await deps.admit(app);
    const platform = consenting(deps, req.params.platform);
    const { client, ...more } = requested(deps, platform, req.body);
    const redirectUri = `${baseOf(deps)}/accounts/${platform.id}/callback`;
    const begun = { app, platform: platform.id, redirectUri, ...more };
    const { id, url } = await consents.begin(begun, client, (round) =>
      platform.oauthConsent.url(client as never, { ...round, redirectUri }),
    );
    res.set("Cache-Control", "no-store").status(303).location(url).json({ url, redirectUri, consent: id });
  });

  router.get("/accounts/:platform/connect/:proof", async (req: Request<{ platform: string; proof: string }>, res) => {
    const { app } = await who(req, "accounts");
    const platform = consenting(deps, req.params.platform);
    const consent = await consents.verifyProof(app, platform.id, req.params.proof);
    if (consent === undefined) throw new Problem("not-found", "No consent of this app came back with this proof.");
    const outcome = await consents.outcome(consent);
    const status = outcome === undefined ? "pending" : "error" in outcome ? "failed" : "connected";
    res.set("Cache-Control", "no-store").json({ consent, status, ...outcome });
  });

  // A look at the address by a mail scanner or the like must not use up what the browser brings.
  router.head("/accounts/:platform/callback", () => {
    throw new Problem("method-not-allowed", "This path takes GET.", { headers: { Allow: "GET, OPTIONS" } });
  });
  router.get("/accounts/:platform/callback", (req: InPlatform, res) => calledBack(deps, req, res));
  return router;
}

type Consenting = Platform & Required<Pick<Platform, "oauthConsent">>;

function consenting({ platforms }: ConsentRoutesDeps, name: string): Consenting {
  const platform = platforms.find(name);
  if (!platform?.oauthConsent) throw new Problem("not-found", "No platform of this name takes accounts by consent.");
  return platform as Consenting;
}

function baseOf({ publicBase }: ConsentRoutesDeps): string {
  if (publicBase !== undefined) return publicBase;
  throw new Problem("not-configured", "The network must find its way back: the operator sets PUBLIC_URL.");
}

/** What the app asks for. Its page must be of a known origin, so that nobody is led astray by an address of ours. */
function requested(
  { origins }: ConsentRoutesDeps,
  { oauthConsent: consent, connect: hold }: Consenting,
  body: unknown,
) {
  const { client: given, ...more } = checked(ConsentRequest, body);
  const client = objectOf(given);
  const wrong = validationErrors(consent.schema, client);
  if (wrong.length > 0) throw invalid(wrong.map((fault) => ({ ...fault, pointer: `/client${fault.pointer}` })));
  if (more.online === true && hold === undefined) {
    throw invalid([{ pointer: "/online", detail: "is for platforms that hold a connection" }]);
  }
  if (more.returnTo !== undefined && !origins.isListed(more.returnTo)) {
    throw invalid([{ pointer: "/returnTo", detail: "must be of an origin in ALLOWED_ORIGINS, or of PUBLIC_URL" }]);
  }
  return { client, ...more };
}

async function calledBack(deps: ConsentRoutesDeps, req: InPlatform, res: Response): Promise<void> {
  const { consents, lanes, countGuess } = deps;
  const [code, error] = [wordOf(req, "code"), wordOf(req, "error")];
  if (code === "" && error === "") {
    throw new Problem("bad-parameter", "A network comes back with `state`, and `code` or `error`.");
  }
  const taken = await consents.claim(req.params.platform, wordOf(req, "state"));
  if (!taken) {
    await countGuess(req);
    throw new Problem("not-found", "This consent was ended already or took too long: begin again.");
  }
  if (error === "") {
    await consents.submitCode(taken, code);
    await lanes.startExchange(taken.id);
  } else await consents.saveOutcome(taken.id, refusedWith(error));
  const outcome = await outcomeOf(consents, taken.id);
  res.set({ "Cache-Control": "no-store", "Referrer-Policy": "no-referrer" });
  if (taken.returnTo === undefined) return say(res, outcome);
  res
    .status(303)
    .location(backTo(taken.returnTo, await consents.issueProof(taken), outcome))
    .end();
}

/** RFC 6749 section 4.1.2.1; Facebook and X say `access_denied` as well. */
function refusedWith(error: string): ConsentOutcome {
  const denied = error === "access_denied";
  const detail = denied
    ? "The user did not agree."
    : "The network did not ask the user: check at the network what is set up for the app.";
  const known = /^[a-z_]{1,40}$/.test(error) ? { platformCode: error } : {};
  return { error: { code: denied ? "permission-denied" : "platform-rejected", detail, retryable: false, ...known } };
}

/** How long a callback waits for the worker before it says that it takes longer. */
const EXCHANGE_MS = 25_000;
const LOOK_MS = 150;
const SLOW: ConsentOutcome = {
  error: {
    code: "platform-timeout",
    detail: "The network takes long. The account is connected when the app shows it; else begin again.",
    retryable: true,
  },
};

async function outcomeOf(consents: Pick<Consents, "outcome">, id: string): Promise<ConsentOutcome> {
  for (const ends = Date.now() + EXCHANGE_MS; Date.now() < ends; await after(LOOK_MS)) {
    const outcome = await consents.outcome(id);
    if (outcome) return outcome;
  }
  return SLOW;
}

function wordOf({ query }: Request, name: string): string {
  const value = query[name];
  return typeof value === "string" && value.length <= 4_096 ? value : "";
}

function backTo(returnTo: string, proof: string, outcome: ConsentOutcome): string {
  const url = new URL(returnTo);
  url.searchParams.set("proof", proof);
  if ("error" in outcome) url.searchParams.set("error", outcome.error.code);
  return url.href;
}

function say(res: Response, outcome: ConsentOutcome): void {
  const said = "error" in outcome ? outcome.error.detail : "The account is connected. You may close this page.";
  res.set({ "Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff" });
  res
    .status("error" in outcome ? 422 : 200)
    .type("text/plain")
    .send(`${said}\n`);
}
