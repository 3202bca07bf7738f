import { replayRequest, replayRid } from "../outbox/dead-letter-replay.ts";
import type { DeadLetter } from "../outbox/dead-letters.ts";

/** Returns the entry of a dead letter in a list. */
export function summarizeDeadLetter(letter: DeadLetter): Record<string, unknown> {
  const { rid, id, platform, verb, status, actor, target, error, attempts } = letter.result;
  return {
    rid,
    id,
    platform,
    verb,
    status,
    actor,
    target,
    ...(error === undefined ? {} : { error }),
    attempts,
    died: new Date(letter.deadLetteredAt).toISOString(),
    ...(letter.replay === undefined ? {} : { replayedAs: replayRid(letter) }),
  };
}

/** Returns the whole dead letter with its content; secrets are blanked, attachments have no contents. */
export function describeDeadLetter(letter: DeadLetter, blobs: ReadonlyMap<string, Buffer>): Record<string, unknown> {
  const { object, context } = letter.activity;
  return {
    ...summarizeDeadLetter(letter),
    object: blankSecrets(object),
    ...(context === undefined ? {} : { context }),
    attachmentsKept: replayRequest(letter, blobs) !== undefined,
  };
}

const SECRET = /pass(word|phrase|wd)?$|secret|token|credential|authorization|api[-_]?key/i;

function blankSecrets(value: unknown, name = ""): unknown {
  if (SECRET.test(name)) return "[secret]";
  if (Array.isArray(value)) return value.map((item) => blankSecrets(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, blankSecrets(member, key)]));
}
