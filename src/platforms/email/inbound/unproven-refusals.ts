import type { Failure } from "../../../model/failure.ts";
import type { ConnectionContext } from "../../../platform/connection.ts";
import { failureWith } from "../../../platform/kit/error-table.ts";
import { isUnproven } from "../client/verdict.ts";
import { classifyError } from "../errors.ts";

/** A refusal that repeats without proof is final after so many tries ... */
const MAX_TRIES = 20;
/** ... and so many milliseconds. */
const MIN_DURATION_MS = 86_400_000;
const STATE_KEY = "unproven";

/** A refusal that stayed the same over several connections. */
interface Repeated {
  readonly code: string;
  readonly sinceMs: number;
  readonly tries: number;
}

/**
 * Decides about an error that kept an account from connecting. A refusal without proof is retried, and becomes final when it
 * stayed the same for 20 tries over a day.
 */
export async function verdictOf(
  thrown: unknown,
  { state, log }: Pick<ConnectionContext<unknown>, "state" | "log">,
  now = Date.now(),
): Promise<Failure> {
  const failure = classifyError(thrown);
  if (!isUnproven(failure)) return failure;
  const { code, platformCode } = failure;
  const before = parse((await state.read())[STATE_KEY]);
  const isSame = before?.code === code;
  const repeated = isSame ? { ...before, tries: before.tries + 1 } : { code, sinceMs: now, tries: 1 };
  if (repeated.tries >= MAX_TRIES && now - repeated.sinceMs >= MIN_DURATION_MS) return failure;
  await state.write(STATE_KEY, `${repeated.code} ${repeated.sinceMs} ${repeated.tries}`);
  if (repeated.tries === 1)
    log.info({ platform: "email", code, platformCode }, "mailbox refused without proof; trying again");
  return failureWith(failure, { kind: "retryable" });
}

/** Forgets earlier refusals after a successful connection. */
export async function forgetRefusals({ state }: Pick<ConnectionContext<unknown>, "state">): Promise<void> {
  if ((await state.read())[STATE_KEY] !== undefined) await state.write(STATE_KEY, undefined);
}

function parse(stored: string | undefined): Repeated | undefined {
  const [, code = "", since, tries] = /^([a-z-]{1,64}) (\d{1,15}) (\d{1,6})$/.exec(stored ?? "") ?? [];
  return code === "" ? undefined : { code, sinceMs: Number(since), tries: Number(tries) };
}
