import type { OwnedAccount } from "../../accounts/account-ownership.ts";
import type { Failure } from "../../model/failure.ts";
import { failureWith } from "../../platform/kit/error-table.ts";
import { unproven } from "../connection-failures.ts";
import type { ConnectionParts } from "../connection-parts.ts";
import { CHECKING, type Disconnecting, type State } from "../connection-state.ts";
import type { Verdict } from "../refusal-evidence.ts";

/** Duration online after which a connection was good. The next failure is then the first again. */
const GOOD_AFTER_MS = 60_000;

/** Waits until everything is closed, then decides by the failure that ended the connection. */
export async function disconnect(
  parts: ConnectionParts,
  { account, link, onlineSince }: Disconnecting,
): Promise<State> {
  const { access, backoff, evidence } = parts;
  await link.closed;
  const failure = await link.attempt.ended;
  access.set({ kind: "connecting" });
  const wasGood = onlineSince !== undefined && (!failure || performance.now() - onlineSince > GOOD_AFTER_MS);
  if (wasGood) backoff.reset();
  if (!failure) return CHECKING;
  const delayMs = backoff.failed();
  const { verdict, isNew } = await evidence.judge(account, failure);
  if (isNew) tell(parts, account, failure, verdict);
  if (verdict === "final") {
    // Work no longer waits, and the app is told that no retry follows.
    await refuse(parts, account, failure.kind === "retryable" ? failureWith(failure, { kind: "auth" }) : failure);
    return CHECKING;
  }
  const reported = verdict === "unproven" ? unproven(failure) : failure;
  return { name: "backing-off", account, failure: reported, delayMs: failure.retryAfterMs ?? delayMs };
}

/** Tells operators once of a refusal; the app gets a `session` event. */
function tell(
  { log, owner }: ConnectionParts,
  { platform }: OwnedAccount,
  { code, platformCode }: Failure,
  verdict: Verdict,
): void {
  const facts = { app: owner.app, account: owner.id, platform, code, platformCode };
  if (verdict === "final") log.info(facts, "network refuses the account for good; the app has to store it again");
  else log.info(facts, "network refuses the account without proof; retried for a day, check the account there");
}

/** Notes a final refusal by the network. No retry happens before the app changes the account. */
async function refuse({ access, login, publisher }: ConnectionParts, account: OwnedAccount, failure: Failure) {
  login.refused(failure);
  access.set({ kind: "refused", failure });
  const state = failure.kind === "permanent" ? "restricted" : "needs-login";
  const isCurrent = await publisher.publish(account, state, failure, login.version);
  // Other credentials were stored meanwhile, which were not refused.
  if (!isCurrent) access.set({ kind: "connecting" });
}
