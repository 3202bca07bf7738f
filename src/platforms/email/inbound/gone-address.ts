import { codesIn, isReason, phraseStatus } from "./bounce-status.ts";

/**
 * Codes (RFC 3463) of addresses that do not exist. Bad mailbox, bad syntax, moved, no mail at all (RFC 7505).
 * Not `5.1.2`: one resolver that answers wrongly would condemn every domain.
 */
const GONE = new Set(["5.1.1", "5.1.3", "5.1.6", "5.1.10"]);

/**
 * Tells whether a recipient's fields prove that the address does not exist. The codes must be written there, not guessed from
 * words, and neither another code nor words of another reason (full, policy, spam) may contradict them.
 */
export function provesAddressGone(status: string, diagnosis: string): boolean {
  const codes = [...codesIn(status), ...codesIn(diagnosis.slice(0, 2_000))].filter(isReason);
  const phrase = phraseStatus(diagnosis);
  return (
    codes.length > 0 && codes.every((code) => GONE.has(code)) && (phrase === undefined || phrase.startsWith("5.1."))
  );
}
