import type { Caller } from "../model/caller.ts";
import { Refusal } from "../model/refusal.ts";
import { replayRequest } from "../outbox/dead-letter-replay.ts";
import type { DeadLetter, DeadLetters } from "../outbox/dead-letters.ts";
import type { Outbox } from "../outbox/outbox.ts";
import type { Confirm, SubmitActivity, SubmitResult } from "./submit-activity.ts";

export interface ReplayDeps {
  readonly deadLetters: DeadLetters;
  readonly outbox: Pick<Outbox, "blobs">;
  readonly submit: SubmitActivity;
}

/** Submits a dead letter again under a new rid, once. Throws `Refusal`, also `content-gone`. */
export async function replayDeadLetter(
  { deadLetters, outbox, submit }: ReplayDeps,
  caller: Caller,
  letter: DeadLetter,
): Promise<SubmitResult> {
  if (letter.replay !== undefined) return { confirm: JSON.parse(letter.replay) as Confirm, replayed: true };
  const { rid } = letter.activity;
  const posted = replayRequest(letter, await outbox.blobs(caller.app, rid));
  if (posted === undefined) throw new Refusal("content-gone", "Post the activity again with its attachments.");
  // The rid follows from the dead letter, so a crash before the next line sends nothing twice.
  const result = await submit(caller, posted);
  await deadLetters.recordReplay(caller.app, rid, JSON.stringify(result.confirm));
  return result;
}
