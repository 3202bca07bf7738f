import { createHash } from "node:crypto";

/** An item of the connection state. */
interface StateItem {
  readonly name: string;
  readonly value: string;
}

/** Storage location of a UIDL. Costs a hash, so a long list is better converted in steps. */
export interface SeenEntry {
  readonly share: number;
  readonly key: string;
}

/** Record of the mails that are not new any more, by UIDL. POP3 itself knows no "since". */
export interface Pop3Seen {
  /** False until the mailbox's first contents have been stored. */
  readonly hasBegun: boolean;
  /** Status of a mail, undefined for a new mail. `found` means present at the first poll, `handed` recorded. */
  readonly statusOf: (entry: SeenEntry) => "found" | "handed" | undefined;
  /**
   * Marks a mail and returns the state item to be written with the event. `listed` are the keys of all listed mails; a mail
   * without readable content is marked as found.
   */
  readonly markHanded: (entry: SeenEntry, listed: ReadonlySet<string>, as?: "handed" | "found") => StateItem;
  /** Returns the state items that mark all entries as found, in the order of writing. The last item makes them count. */
  readonly begin: (
    entries: readonly SeenEntry[],
  ) => readonly (Omit<StateItem, "value"> & { readonly value: string | undefined })[];
}

/**
 * Number of state items. A UIDL is stored as eight bytes: 63 bits of the hash, and whether the mail was handed over. Six more
 * bits choose the item, so that a mail of a mailbox with 100,000 mails writes 17 kB with the event instead of a megabyte.
 */
const SHARES = 64;
const BYTES = 8;
const STATE_KEY = "pop3";
/** Unlisted entries beyond the listed ones plus this number are dropped. A server may list too little for a moment. */
const SPARE = 64;

/** Reads a mailbox's record. `mailbox` identifies the mailbox, so that another server's mails are not mixed in. */
export function pop3Seen(state: Readonly<Record<string, string>>, mailbox: string): Pop3Seen {
  const hasBegun = state[STATE_KEY] === mailbox;
  const shares = Array.from({ length: SHARES }, (_, share) => decode(hasBegun ? state[nameOf(share)] : undefined));

  return {
    hasBegun,
    statusOf: ({ share, key }) => {
      const isHanded = shares[share]?.get(key);
      return isHanded === undefined ? undefined : isHanded ? "handed" : "found";
    },
    markHanded: ({ share, key }, listed, as = "handed") => {
      const entries = shares[share] ?? new Map<string, boolean>();
      dropUnlisted(entries, listed);
      entries.set(key, as === "handed");
      return { name: nameOf(share), value: encode(entries) };
    },
    begin: (entries) => {
      const initial = Array.from({ length: SHARES }, () => new Map<string, boolean>());
      for (const { share, key } of entries) initial[share]?.set(key, false);
      const items = initial.map((shareEntries, share) => {
        const isEmpty = shareEntries.size === 0;
        return {
          name: nameOf(share),
          value: isEmpty ? undefined : encode(shareEntries),
          isNeeded: !isEmpty || nameOf(share) in state,
        };
      });
      const neededItems = items.filter(({ isNeeded }) => isNeeded).map(({ name, value }) => ({ name, value }));
      return [...neededItems, { name: STATE_KEY, value: mailbox }];
    },
  };
}

/** Returns the storage location of a UIDL. */
export function seenEntry(uidl: string): SeenEntry {
  const hash = createHash("sha256").update(uidl, "latin1").digest();
  const last = BYTES - 1;
  hash[last] = (hash[last] ?? 0) & 0xfe;
  return { share: (hash[BYTES] ?? 0) % SHARES, key: hash.toString("latin1", 0, BYTES) };
}

function dropUnlisted(entries: Map<string, boolean>, listed: ReadonlySet<string>): void {
  const unlisted = [...entries.keys()].filter((key) => !listed.has(key));
  if (unlisted.length <= entries.size - unlisted.length + SPARE) return;
  for (const key of unlisted) entries.delete(key);
}

function nameOf(share: number): string {
  return `${STATE_KEY}:${share}`;
}

function decode(value: string | undefined): Map<string, boolean> {
  const bytes = Buffer.from(value ?? "", "base64");
  const entries = new Map<string, boolean>();
  for (let at = 0; at + BYTES <= bytes.length; at += BYTES) {
    const last = at + BYTES - 1;
    const isHanded = ((bytes[last] ?? 0) & 1) === 1;
    bytes[last] = (bytes[last] ?? 0) & 0xfe;
    entries.set(bytes.toString("latin1", at, at + BYTES), isHanded);
  }
  return entries;
}

function encode(entries: ReadonlyMap<string, boolean>): string {
  const bytes = Buffer.alloc(entries.size * BYTES);
  let at = 0;
  for (const [key, isHanded] of entries) {
    bytes.write(key, at, "latin1");
    at += BYTES;
    if (isHanded) bytes[at - 1] = (bytes[at - 1] ?? 0) | 1;
  }
  return bytes.toString("base64");
}
