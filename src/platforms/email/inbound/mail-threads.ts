import { createHash } from "node:crypto";
import type { ConnectionState } from "../../../platform/connection.ts";
import type { InboundMail } from "../schemas/inbound-mail.ts";

/** Number of state items. An answer writes one of them. */
const SHARES = 8;
/** Answers of a share whose threads are kept. */
const MAX_ENTRIES = 40;
/** Longer Message-IDs are not kept. */
const MAX_THREAD_CHARS = 200;
const ENTRY = /^([\w-]{8}) (<\S{1,198}>)$/;

/**
 * Returns the mail in the thread of the mail that it answers. Some clients name only the last mail, not the first one.
 * The threads of the last answers are kept in the connection's state; a mail that starts a thread needs no entry. The
 * state is written before the event, so that a crash between them repeats both.
 */
export async function inThread(mail: InboundMail, state: ConnectionState): Promise<InboundMail> {
  const { id } = mail.object;
  const oldest = mail.context?.id;
  if (oldest === undefined || oldest === id) return mail;
  const stored = await state.read();
  const thread = entriesOf(stored[shareOf(oldest)]).get(hashOf(oldest)) ?? oldest;
  if (id !== undefined && thread.length <= MAX_THREAD_CHARS) {
    const entries = entriesOf(stored[shareOf(id)]);
    entries.delete(hashOf(id));
    entries.set(hashOf(id), thread);
    await state.write(shareOf(id), textOf(entries));
  }
  return { ...mail, context: { type: "thread", id: thread } };
}

function hashOf(id: string): string {
  return createHash("sha256").update(id).digest("base64url").slice(0, 8);
}

/** Returns the name of the state item for a Message-ID. */
function shareOf(id: string): string {
  return `threads:${(hashOf(id).codePointAt(0) ?? 0) % SHARES}`;
}

/** Reads a share, oldest entries first. */
function entriesOf(text = ""): Map<string, string> {
  const lines = text.split("\n").flatMap((line) => {
    const [, hash, thread] = ENTRY.exec(line) ?? [];
    return hash === undefined || thread === undefined ? [] : [[hash, thread] as const];
  });
  return new Map(lines);
}

function textOf(entries: ReadonlyMap<string, string>): string {
  return [...entries]
    .slice(-MAX_ENTRIES)
    .map(([hash, thread]) => `${hash} ${thread}`)
    .join("\n");
}
