import type { Caller } from "../../src/model/caller.ts";
import { parseActivities } from "../http/activity-body.ts";
import { Problem, problemOf } from "../http/problem.ts";
import { checkItemCount, type ItemAnswer, type SubmitItemDeps, submitItem } from "../http/submit-items.ts";

/** Takes one text frame and returns the answers to its activities, in order. Never rejects. */
export type SubmitFrame = (caller: Caller, frame: Buffer) => Promise<readonly ItemAnswer[]>;

/** Makes the reader of frames. Same rules as a POST's body, one activity or a list of independent items. */
export function submitFrame(deps: SubmitItemDeps): SubmitFrame {
  return async (caller, frame) => {
    try {
      if (!caller.scopes.has("send")) throw new Problem("forbidden", "The key or token lacks the scope send.");
      const value = await parseActivities(frame);
      if (!Array.isArray(value)) return [await submitItem(deps, caller, value)];
      checkItemCount(value);
      return await Promise.all(value.map((item) => submitItem(deps, caller, item)));
    } catch (error) {
      return [{ ok: false, problem: problemOf(error) }];
    }
  };
}
