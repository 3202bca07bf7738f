import type { ConsentOutcome, Consents } from "../consents/consents.ts";
import { type EgressShares, egressFor } from "../egress/egress.ts";
import { toEventError } from "../model/failure.ts";
import { failureFrom, type Platform } from "../platform/platform.ts";
import { type StoreAccountDeps, storeAccount } from "./store-account.ts";

export interface ExchangeConsentDeps extends StoreAccountDeps {
  readonly consents: Pick<Consents, "openForExchange">;
  readonly find: (platform: string) => Platform | undefined;
  readonly egress: EgressShares;
}

/** Outcome of a consent whose exchange broke off with its worker. The code may be used up. */
const LOST: ConsentOutcome = {
  error: {
    code: "internal-error",
    detail: "The exchange was interrupted at the gateway: start the consent again.",
    retryable: true,
  },
};

/** Exchanges the code of a user's consent and stores the accounts. Runs in workers: only they see the logins. */
export async function exchangeConsent(deps: ExchangeConsentDeps, id: string): Promise<ConsentOutcome> {
  const begun = await deps.consents.openForExchange(id);
  const platform = begun && deps.find(begun.platform);
  if (!begun || !platform?.oauthConsent) return LOST;
  const { app, online, client, verifier, redirectUri, code, state } = begun;
  try {
    const callback = { state, verifier, redirectUri, code };
    const logins = await platform.oauthConsent.finish(client as never, callback, egressFor(deps.egress, app));
    const accounts: Array<{ readonly id: string; readonly address: string }> = [];
    for (const { address, credentials } of logins) {
      const { account } = await storeAccount(deps, app, platform, { address, credentials, online });
      accounts.push({ id: account.id, address });
    }
    return { accounts };
  } catch (thrown) {
    const failure = failureFrom(platform, thrown);
    const { code: failureCode, platformCode } = failure;
    deps.log.info({ platform: platform.id, code: failureCode, platformCode }, "consent could not be finished");
    return { error: toEventError(failure) };
  }
}
