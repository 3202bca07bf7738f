import type { OwnedAccount } from "../accounts/account-ownership.ts";
import type { Failure } from "../model/failure.ts";
import type { ConnectionState } from "../platform/connection.ts";

/** An unproven refusal that stays the same is final after so many tries ... */
export const MAX_UNPROVEN_TRIES = 20;
/** ... over so many milliseconds. */
export const MIN_UNPROVEN_MS = 86_400_000;

/** Codes that end an account at once. Protocols define these answers as final; some are the gateway's own rules. */
const PROVEN_CODES: ReadonlySet<string> = new Set([
  "credentials-invalid",
  "credentials-expired",
  "account-restricted",
  "account-unknown",
  "address-blocked",
  "verb-not-supported",
]);
/** Tells whether a refusal ends the account at once. */
export const isProvenRefusal = ({ code }: Pick<Failure, "code">): boolean => PROVEN_CODES.has(code);

/** Tells whether a failure is a refusal, proven or not. Work waits through a refusal whose kind is retryable. */
export const isRefusal = ({ kind, code }: Pick<Failure, "kind" | "code">): boolean =>
  kind === "auth" || kind === "permanent" || (kind === "retryable" && code === "platform-rejected");

/** Entry of the connection state. */
const STATE_KEY = "refusal";

/** Meaning of a failure for the account: retried, retried and counted, or the end. */
export type Verdict = "transient" | "unproven" | "final";

/** Series of the same unproven refusal for the same credentials. */
interface RefusalSeries {
  readonly version: string;
  readonly code: string;
  /** The network's own words. */
  readonly platformCode: string;
  readonly sinceMs: number;
  readonly tries: number;
}

/** Judge of the failures that end an account's connections. */
export interface RefusalEvidence {
  /** Returns the meaning of a failure. `isNew` marks the first refusal of a series. */
  readonly judge: (
    account: Pick<OwnedAccount, "version">,
    failure: Failure,
  ) => Promise<{ readonly verdict: Verdict; readonly isNew: boolean }>;
  /** Forgets earlier refusals, since the network let the account in. */
  readonly forget: () => Promise<void>;
}

/**
 * Creates the judge of an account. Networks refuse right logins in many words while a part of theirs is broken.
 * A refusal without proof is retried, also by later owners, until it has stayed the same for a day.
 */
export function refusalEvidence(state: ConnectionState, now: () => number = Date.now): RefusalEvidence {
  let series: RefusalSeries | "none" | "unread" = "unread";

  async function current(): Promise<RefusalSeries | undefined> {
    if (series === "unread") series = seriesIn((await state.read())[STATE_KEY]) ?? "none";
    return series === "none" ? undefined : series;
  }

  return {
    async judge({ version }, failure) {
      if (!isRefusal(failure)) return { verdict: "transient", isNew: false };
      if (isProvenRefusal(failure)) return { verdict: "final", isNew: true };
      const { code, platformCode = "" } = failure;
      const before = await current();
      const isSame = before?.version === version && before.code === code && before.platformCode === platformCode;
      const next = isSame
        ? { ...before, tries: before.tries + 1 }
        : { version, code, platformCode, sinceMs: now(), tries: 1 };
      if (next.tries >= MAX_UNPROVEN_TRIES && now() - next.sinceMs >= MIN_UNPROVEN_MS)
        return { verdict: "final", isNew: true };
      await state.write(STATE_KEY, JSON.stringify(next));
      series = next;
      return { verdict: "unproven", isNew: !isSame };
    },
    async forget() {
      if ((await current()) === undefined) return;
      await state.write(STATE_KEY, undefined);
      series = "none";
    },
  };
}

function seriesIn(stored: string | undefined): RefusalSeries | undefined {
  return stored === undefined ? undefined : (JSON.parse(stored) as RefusalSeries);
}
