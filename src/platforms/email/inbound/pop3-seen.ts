import { createHash } from "node:crypto";

/** A note as `Hold.notes` keeps it. */
interface Note {
  readonly name: string;
  readonly value: string;
}

/** Where a UIDL is kept: costs a hash, so that a long list is better taken in steps. */
export interface Pop3Place {
  readonly share: number;
  readonly key: string;
}

/** Which mails of a mailbox are not new any more, told by their UIDLs: POP3 itself knows no "since". */
export interface Pop3Seen {
  /** False until the mailbox as it was found the first time has been remembered. */
  readonly begun: boolean;
  /** Undefined for a new mail; `handed` for one that was handed over, `found` for one that had been there before. */
  readonly of: (place: Pop3Place) => "found" | "handed" | undefined;
  /**
   * Remembers a mail, and gives the note to be written with its arrival. `listed` are the keys of all that are there; one
   * whose content could not be handed over is remembered as found.
   */
  readonly hand: (place: Pop3Place, listed: ReadonlySet<string>, as?: "handed" | "found") => Note;
  /** The notes that remember all these as found, to be written in this order; the last one makes them count. */
  readonly begin: (
    places: readonly Pop3Place[],
  ) => readonly (Omit<Note, "value"> & { readonly value: string | undefined })[];
}

/**
 * A UIDL is kept as eight bytes: 63 bits of its hash, and whether the mail was handed over. They lie in 64 notes by six more
 * bits, so that a mail of a mailbox that holds 100,000 writes 17 kB with its arrival instead of a megabyte.
 */
const SHARES = 64;
const BYTES = 8;
const BEGUN = "pop3";
/** What is no longer listed is forgotten when it is more than what is: a server may list too little for a moment. */
const SPARE = 64;

/** Reads what is kept of a mailbox; `mailbox` says which one it is, so that another server's mails are not mixed in. */
export function pop3Seen(notes: Readonly<Record<string, string>>, mailbox: string): Pop3Seen {
  const begun = notes[BEGUN] === mailbox;
  const shares = Array.from({ length: SHARES }, (_, share) => read(begun ? notes[nameOf(share)] : undefined));

  return {
    begun,
    of: ({ share, key }) => {
      const handed = shares[share]?.get(key);
      return handed === undefined ? undefined : handed ? "handed" : "found";
    },
    hand: ({ share, key }, listed, as = "handed") => {
      const entries = shares[share] ?? new Map<string, boolean>();
      trim(entries, listed);
      entries.set(key, as === "handed");
      return { name: nameOf(share), value: written(entries) };
    },
    begin: (places) => {
      const found = Array.from({ length: SHARES }, () => new Map<string, boolean>());
      for (const { share, key } of places) found[share]?.set(key, false);
      const values = found.map((entries, share) => {
        const gone = entries.size === 0;
        return {
          name: nameOf(share),
          value: gone ? undefined : written(entries),
          needed: !gone || nameOf(share) in notes,
        };
      });
      const needed = values.filter((value) => value.needed).map(({ name, value }) => ({ name, value }));
      return [...needed, { name: BEGUN, value: mailbox }];
    },
  };
}

/** Where a UIDL belongs. */
export function pop3Place(uidl: string): Pop3Place {
  const hash = createHash("sha256").update(uidl, "latin1").digest();
  const last = BYTES - 1;
  hash[last] = (hash[last] ?? 0) & 0xfe;
  return { share: (hash[BYTES] ?? 0) % SHARES, key: hash.toString("latin1", 0, BYTES) };
}

function trim(entries: Map<string, boolean>, listed: ReadonlySet<string>): void {
  const gone = [...entries.keys()].filter((key) => !listed.has(key));
  if (gone.length <= entries.size - gone.length + SPARE) return;
  for (const key of gone) entries.delete(key);
}

function nameOf(share: number): string {
  return `${BEGUN}:${share}`;
}

function read(value: string | undefined): Map<string, boolean> {
  const bytes = Buffer.from(value ?? "", "base64");
  const entries = new Map<string, boolean>();
  for (let at = 0; at + BYTES <= bytes.length; at += BYTES) {
    const last = at + BYTES - 1;
    const handed = ((bytes[last] ?? 0) & 1) === 1;
    bytes[last] = (bytes[last] ?? 0) & 0xfe;
    entries.set(bytes.toString("latin1", at, at + BYTES), handed);
  }
  return entries;
}

function written(entries: ReadonlyMap<string, boolean>): string {
  const bytes = Buffer.alloc(entries.size * BYTES);
  let at = 0;
  for (const [key, handed] of entries) {
    bytes.write(key, at, "latin1");
    at += BYTES;
    if (handed) bytes[at - 1] = (bytes[at - 1] ?? 0) | 1;
  }
  return bytes.toString("base64");
}
