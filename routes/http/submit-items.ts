import { usableRid } from "../../src/intake/usable-rid.ts";
import type { Caller } from "../../src/model/caller.ts";
import type { Log } from "../../src/model/log.ts";
import type { Confirm, SubmitActivity, SubmitResult } from "../../src/operations/submit-activity.ts";
import { Problem, problemOf } from "./problem.ts";

/** The outcome of one posted activity. Accepted, or a problem that names its rid where it has a valid one. */
export type ItemAnswer = ({ readonly ok: true } & SubmitResult) | { readonly ok: false; readonly problem: Problem };

/** Answer to a refused item of a list or frame of a socket. */
export interface Refused {
  readonly type: "refused";
  readonly rid?: string | number;
  readonly problem: Record<string, unknown>;
}

export interface SubmitItemDeps {
  readonly submit: SubmitActivity;
  readonly log: Log;
}

/** Activities that one POST or one frame may carry. */
export const MAX_ITEMS = 100;

/** Submits one activity and never throws; an unforeseen error is logged. */
export async function submitItem(
  { submit, log }: SubmitItemDeps,
  caller: Caller,
  item: unknown,
  key?: string,
): Promise<ItemAnswer> {
  try {
    return { ok: true, ...(await submit(caller, item, key)) };
  } catch (err) {
    const problem = problemOf(err);
    if (problem.code === "internal-error") log.error({ err, app: caller.app }, "activity could not be accepted");
    return { ok: false, problem: problem.withRid(usableRid(item) ?? key) };
  }
}

/** Checks the length of a list of activities; throws `Problem` `validation-failed`. */
export function checkItemCount(items: { readonly length: number }): void {
  if (items.length >= 1 && items.length <= MAX_ITEMS) return;
  throw new Problem("validation-failed", `A list holds 1 to ${MAX_ITEMS} activities.`, {
    errors: [{ pointer: "", detail: `must hold 1 to ${MAX_ITEMS} activities` }],
  });
}

/**
 * Returns the JSON of an item's answer: REST's confirm, or `refused` with its problem.
 * `types` is the address before a problem's code, see `problemTypesOf`.
 */
export function itemJson(answer: ItemAnswer, types: string): Confirm | Refused {
  if (answer.ok) return answer.confirm;
  const { problem } = answer;
  const { rid } = problem.options;
  return { type: "refused", ...(rid === undefined ? {} : { rid }), problem: problem.document(types) };
}
