import type { Caller } from "../../src/model/caller.ts";
import { checkBodySize } from "../http/body-limit.ts";
import { MAX_PLAIN_BODY_BYTES, parseBody } from "../http/json-body.ts";
import { Problem, problemOf } from "../http/problem.ts";
import { checkItemCount, type ItemAnswer, type SubmitItemDeps, submitItem } from "../http/submit-items.ts";

/** Takes one text frame and returns the answers to its activities, in order. Never rejects. */
export type SubmitText = (caller: Caller, text: string) => Promise<readonly ItemAnswer[]>;

/** Makes the reader of frames: same rules as a POST's body, one activity or a list of independent items. */
export function submitText(deps: SubmitItemDeps): SubmitText {
  const submit = async (caller: Caller, item: unknown, bytes: number): Promise<ItemAnswer> => {
    checkBodySize(item, bytes);
    return submitItem(deps, caller, item);
  };
  return async (caller, text) => {
    try {
      if (!caller.scopes.has("send")) throw new Problem("forbidden", "The key or token lacks the scope send.");
      const value = parseBody(text);
      if (!Array.isArray(value)) return [await submit(caller, value, Buffer.byteLength(text))];
      checkItemCount(value);
      const small = text.length * 3 <= MAX_PLAIN_BODY_BYTES;
      const weight = (item: unknown) => (small ? 0 : Buffer.byteLength(JSON.stringify(item)));
      return await Promise.all(value.map((item) => submit(caller, item, weight(item)).catch(refusal)));
    } catch (error) {
      return [refusal(error)];
    }
  };
}

function refusal(error: unknown): ItemAnswer {
  return { ok: false, problem: problemOf(error) };
}
