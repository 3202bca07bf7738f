import { createHash, randomBytes } from "node:crypto";
import type { IrcEvent } from "irc-framework";

/** Timed lines counted per connection to tell equal lines apart. */
const MAX_COUNTED = 1_000;
const MAX_ID_CHARACTERS = 200;

/** Makes the key by which a repeated line is recognised. */
export type EventKeys = (event: IrcEvent) => string;

/**
 * Creates the keys of a connection. A message id (IRCv3 msgid) is the key. Bouncers repeat their kept lines with the
 * original server-time at each connect: sender, target, time and text recognise these. Lines without either are
 * never repeated, so equal lines are two lines.
 */
export function eventKeys(): EventKeys {
  const connection = randomBytes(9).toString("base64url");
  const repetitions = new Map<string, number>();
  let lineCount = 0;

  function timedKey(event: IrcEvent, time: string): string {
    const { nick, target = "", channel = "", message = "", new_nick = "", topic = "", kicked = "" } = event;
    const fields = [nick, target, channel, message, new_nick, topic, kicked, time];
    const digest = createHash("sha256").update(JSON.stringify(fields)).digest("base64url").slice(0, 32);
    const count = (repetitions.get(digest) ?? 0) + 1;
    repetitions.delete(digest);
    repetitions.set(digest, count);
    if (repetitions.size > MAX_COUNTED) repetitions.delete([...repetitions.keys()][0] ?? "");
    return `t:${digest}${count === 1 ? "" : `:${count}`}`;
  }

  return (event) => {
    const { msgid, time } = event.tags;
    lineCount += 1;
    if (msgid) return `m:${msgid.slice(0, MAX_ID_CHARACTERS)}`;
    return time ? timedKey(event, time.slice(0, 64)) : `${connection}:${lineCount}`;
  };
}
