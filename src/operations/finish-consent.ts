import { setTimeout as delay } from "node:timers/promises";
import type { ClaimedConsent, ConsentOutcome, Consents } from "../consents/consents.ts";
import type { LaneQueues } from "../outbox/lane-queues.ts";

/** Query of a network's callback; an absent parameter is the empty string. */
export interface ConsentCallback {
  readonly state: string;
  readonly code: string;
  readonly error: string;
}

export interface FinishConsentDeps {
  readonly consents: Pick<Consents, "claim" | "submitCode" | "saveOutcome" | "outcome">;
  readonly lanes: Pick<LaneQueues, "startExchange">;
}

/** A consent that its callback has used up, and its outcome. */
export interface FinishedConsent {
  readonly consent: ClaimedConsent;
  readonly outcome: ConsentOutcome;
}

/** Time that a callback waits for the worker's exchange. */
const EXCHANGE_MS = 25_000;
const POLL_MS = 150;
const SLOW: ConsentOutcome = {
  error: {
    code: "platform-timeout",
    detail: "The network has not answered yet. The app shows the account once it is connected; otherwise start again.",
    retryable: true,
  },
};

/**
 * Takes a network's callback (RFC 6749 section 4.1.2). Hands its code to a worker and waits for the outcome. Returns
 * undefined for a state that is unknown, used up or too old.
 */
export async function finishConsent(
  { consents, lanes }: FinishConsentDeps,
  platform: string,
  { state, code, error }: ConsentCallback,
): Promise<FinishedConsent | undefined> {
  const consent = await consents.claim(platform, state);
  if (consent === undefined) return undefined;
  if (error === "") {
    await consents.submitCode(consent, code);
    await lanes.startExchange({ consent: consent.id, app: consent.app });
  } else {
    await consents.saveOutcome(consent.id, refusedOutcome(error));
  }
  return { consent, outcome: await waitForOutcome(consents, consent.id) };
}

/** RFC 6749 section 4.1.2.1; Facebook and X use `access_denied` as well. */
function refusedOutcome(error: string): ConsentOutcome {
  const isDenied = error === "access_denied";
  const detail = isDenied
    ? "The user denied the consent."
    : "The network did not ask the user: check the app's configuration at the network.";
  const platformCode = /^[a-z_]{1,40}$/.test(error) ? { platformCode: error } : {};
  const code = isDenied ? "permission-denied" : "platform-rejected";
  return { error: { code, detail, retryable: false, ...platformCode } };
}

async function waitForOutcome(consents: Pick<Consents, "outcome">, id: string): Promise<ConsentOutcome> {
  for (const deadline = Date.now() + EXCHANGE_MS; Date.now() < deadline; await delay(POLL_MS)) {
    const outcome = await consents.outcome(id);
    if (outcome) return outcome;
  }
  return SLOW;
}
