import type { Caller } from "../../src/model/caller.ts";
import type { Submission, Submitted } from "../../src/operations/submit-activity.ts";
import { refuseLarge } from "../http/body-limit.ts";
import { PLAIN_BODY_MOST, parsed } from "../http/json-body.ts";
import { Problem, problemOf } from "../http/problem.ts";
import { LIST_MOST } from "../resources/post-activities.ts";

/** One text frame in, the answers to its activities out, in order. Never rejects. */
export type SubmitText = (caller: Caller, text: string) => Promise<readonly Submitted[]>;

/** Takes a frame under the same rules as a POST's body: one activity, or a list whose items stand or fall alone. */
export function socketSubmit({ submit }: Pick<Submission, "submit">): SubmitText {
  const one = async (caller: Caller, item: unknown, bytes: number): Promise<Submitted> => {
    refuseLarge(item, bytes);
    return submit(caller, item);
  };
  return async (caller, text) => {
    try {
      if (!caller.scopes.has("send")) throw new Problem("forbidden", "The key or token lacks the scope send.");
      const value = parsed(text);
      if (!Array.isArray(value)) return [await one(caller, value, Buffer.byteLength(text))];
      if (value.length === 0 || value.length > LIST_MOST) {
        const detail = `must hold 1 to ${LIST_MOST} activities`;
        throw new Problem("validation-failed", `The list ${detail}.`, { errors: [{ pointer: "", detail }] });
      }
      const small = text.length * 3 <= PLAIN_BODY_MOST;
      const weight = (item: unknown) => (small ? 0 : Buffer.byteLength(JSON.stringify(item)));
      return await Promise.all(value.map((item) => one(caller, item, weight(item)).catch(refusal)));
    } catch (error) {
      return [refusal(error)];
    }
  };
}

function refusal(error: unknown): Submitted {
  return { ok: false, problem: problemOf(error) };
}
