import { setTimeout as sleep } from "node:timers/promises";
import { type SeenEntry, seenEntry } from "./pop3-seen.ts";

/** A mail in the mailbox's list. */
export interface ListedMail {
  readonly number: number;
  readonly uidl: string;
  /** 1, or more for a further mail with the same UIDL. */
  readonly copy: number;
  readonly entry: SeenEntry;
}

/** Computes the UIDLs' storage locations in steps. A hundred thousand hashes at once would block the event loop. */
export async function listMails(uidls: ReadonlyMap<number, string>): Promise<readonly ListedMail[]> {
  const listed: ListedMail[] = [];
  const copies = new Map<string, number>();
  for (const [number, uidl] of uidls) {
    const copy = (copies.get(uidl) ?? 0) + 1;
    copies.set(uidl, copy);
    listed.push({ number, uidl, copy, entry: seenEntry(copy === 1 ? uidl : `${uidl} ${copy}`) });
    if (listed.length % 1_000 === 0) await sleep(0);
  }
  return listed;
}
