import { createHash } from "node:crypto";
import { parseCursor } from "./archive-cursor.ts";
import { type BoundedMap, boundedMap } from "./bounded-map.ts";

const MAX_REACTIONS = 1_000;
const MAX_OWN_REACTIONS = 50;
const MAX_IDS = 2_000;
const MAX_RECENT = 50;

/** Facts remembered of a connection's messages, all of them bounded. */
export interface MessageMemory {
  /** Sets of reactions that stand, by author and message id. XMPP always sends the whole set. */
  readonly reactions: BoundedMap<readonly string[]>;
  /** The account's own sets, by message id; stored in the connection state. */
  readonly ownReactions: BoundedMap<readonly string[]>;
  /** Times of the last answers to friend requests, by person. A request after an answer is another request. */
  readonly answeredRequests: BoundedMap<string>;
  /** Recipients of sent messages, by the stanza's id: only these may send receipts. */
  readonly recipients: BoundedMap<string>;
  /** Ids that rooms gave, by sender and the sender's id, and the reverse. */
  readonly roomIds: BoundedMap<string>;
  readonly senderIds: BoundedMap<string>;
  /** Messages recorded last, by conversation: history, offline copies and renewed archives repeat these. */
  readonly recent: (conversation: string) => RecentMessages;
}

/** Digests of the messages of a conversation that were recorded last. */
export interface RecentMessages {
  /** Adds a message and returns all digests. */
  readonly add: (digest: string) => readonly string[];
  readonly has: (digest: string) => boolean;
  readonly digests: () => readonly string[];
}

/** Entries of the connection state: own reactions as JSON, and digests by conversation. */
export const REACTIONS_KEY = "reactions";
export const RECENT_KEY = "recent";

/** Creates the memory of a connection from the connection state. */
export function messageMemory(state: Readonly<Record<string, string>>): MessageMemory {
  const digests = new Map<string, string[]>();
  const stored = (conversation: string): string[] => {
    const { digests: archived } = parseCursor(state[conversation === "" ? "archive" : `archive ${conversation}`] ?? "");
    const recent = conversation === "" ? (state[RECENT_KEY] ?? "").split(" ") : [];
    return [...new Set([...recent, ...archived])].filter((digest) => digest !== "");
  };
  return {
    reactions: boundedMap(MAX_REACTIONS),
    ownReactions: boundedMap(MAX_OWN_REACTIONS, ownReactionsIn(state[REACTIONS_KEY])),
    answeredRequests: boundedMap(MAX_IDS),
    recipients: boundedMap(MAX_IDS),
    roomIds: boundedMap(MAX_IDS),
    senderIds: boundedMap(MAX_IDS),
    recent: (conversation) => {
      const list = digests.get(conversation) ?? stored(conversation);
      digests.set(conversation, list);
      return {
        add: (digest) => {
          if (list.includes(digest)) list.splice(list.indexOf(digest), 1);
          list.push(digest);
          list.splice(0, Math.max(0, list.length - MAX_RECENT));
          return [...list];
        },
        has: (digest) => list.includes(digest),
        digests: () => [...list],
      };
    },
  };
}

function ownReactionsIn(stored: string | undefined): Array<readonly [string, readonly string[]]> {
  return stored === undefined ? [] : (JSON.parse(stored) as Array<[string, string[]]>);
}

/** Returns a short digest of a message's sender, id and text. */
export function digestOf(...fields: ReadonlyArray<string | undefined>): string {
  return createHash("sha256").update(JSON.stringify(fields)).digest("base64url").slice(0, 12);
}
