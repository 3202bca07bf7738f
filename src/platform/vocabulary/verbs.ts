import type { TermName } from "./terms.ts";

/** Activity types of the Activity Streams 2.0 vocabulary (W3C) that verbs map to. */
export type As2Type =
  | "Accept"
  | "Announce"
  | "Block"
  | "Create"
  | "Delete"
  | "Flag"
  | "Follow"
  | "Invite"
  | "Join"
  | "Leave"
  | "Like"
  | "Move"
  | "Offer"
  | "Read"
  | "Reject"
  | "Remove"
  | "Undo"
  | "Update";

/** Canonical verb: what its target is and which terms its object may have. */
export interface CanonicalVerb {
  /** Meaning in one sentence. */
  readonly summary: string;
  /** Meaning of `target`. */
  readonly target: string;
  /** Terms that a posted object may have. */
  readonly object: readonly TermName[];
  /** True where the verb also arrives from networks. */
  readonly inbound?: boolean;
  /** Type in Activity Streams 2.0; default `Activity`, which says nothing more. */
  readonly as2?: As2Type;
  /** Canonical verb that this older name stands for. */
  readonly aliasOf?: string;
}

const TEXT = ["type", "body", "html", "markdown", "attachments"] as const;
const MAILS = ["folder", "uid", "uidValidity", "id"] as const;
const PAGE = ["limit", "after", "before", "since", "until"] as const;
const PERSONS = "the persons";
const ROOMS = "the rooms";
const CONVERSATION = "the conversation: a person, a room or a thread";
const ACCOUNT = "none: it is about the account";

/** All verbs that a platform may have. A platform narrows them; it never renames one. */
export const VERBS = {
  send: {
    summary: "Sends a message into a conversation; `inReplyTo` makes it an answer.",
    as2: "Create",
    target: "where it goes: a person, a room, a channel or a thread",
    object: [
      ...TEXT,
      "subject",
      "inReplyTo",
      "quotes",
      "references",
      "replyTo",
      "headers",
      "dsn",
      "buttons",
      "location",
      "json",
      "mediaType",
    ],
    inbound: true,
  },
  post: {
    summary: "Publishes a post; `inReplyTo` makes it a comment or answer, `quotes` a quotation.",
    as2: "Create",
    target: "`public`, or a timeline of the account",
    object: [...TEXT, "title", "inReplyTo", "quotes", "url", "language", "visibility", "warning", "tags"],
    inbound: true,
  },
  update: {
    summary: "Changes a message, a room's topic or name, the own presence or the own profile, as `type` says.",
    as2: "Update",
    target: "the conversation; none for presence and profile",
    object: [...TEXT, "id", "show", "status", "name", "nick", "image", "summary", "url"],
    inbound: true,
  },
  delete: {
    summary: "Deletes a message or post.",
    as2: "Delete",
    target: CONVERSATION,
    object: ["type", ...MAILS, "permanent", "reason"],
    inbound: true,
  },
  react: {
    summary: "Adds a reaction to a message or post.",
    as2: "Like",
    target: CONVERSATION,
    object: ["type", "id", "content"],
    inbound: true,
  },
  unreact: {
    summary: "Removes a reaction; without `content` all own ones.",
    as2: "Undo",
    target: CONVERSATION,
    object: ["type", "id", "content"],
    inbound: true,
  },
  read: {
    summary: "Marks a message and everything before it as read.",
    as2: "Read",
    target: CONVERSATION,
    object: [...MAILS, "seen"],
  },
  typing: { summary: "Shows that a message is being written.", target: CONVERSATION, object: ["state"], inbound: true },
  share: {
    summary: "Shares a post with the own followers.",
    as2: "Announce",
    target: "none, or the timeline",
    object: ["type", "id"],
    inbound: true,
  },
  unshare: {
    summary: "Takes a share back.",
    as2: "Undo",
    target: "none, or the timeline",
    object: ["type", "id"],
    inbound: true,
  },
  join: {
    summary: "Joins rooms and stays in them.",
    as2: "Join",
    target: ROOMS,
    object: ["type", "password", "nick", "reason"],
    inbound: true,
  },
  leave: { summary: "Leaves rooms for good.", as2: "Leave", target: ROOMS, object: ["type", "reason"], inbound: true },
  invite: {
    summary: "Invites a person into a room.",
    as2: "Invite",
    target: "the person",
    object: ["type", "address", "name", "password", "reason"],
    inbound: true,
  },
  kick: {
    summary: "Removes a person from a room.",
    as2: "Remove",
    target: "the room",
    object: ["type", "address", "reason"],
  },
  ban: {
    summary: "Bans a person from a room.",
    as2: "Block",
    target: "the room",
    object: ["type", "address", "reason"],
  },
  unban: { summary: "Lifts a ban.", as2: "Undo", target: "the room", object: ["type", "address"] },
  query: {
    summary: "Asks for facts: members, rooms, contacts, a person and others, as `type` says.",
    target: "the room or person asked about",
    object: ["type", "match", "folder", ...PAGE],
  },
  observe: {
    summary: "Asks who is in a room; the name of 2013.",
    target: "the room",
    object: ["type"],
    aliasOf: "query",
  },
  fetch: {
    summary: "Reads a page of messages, posts or entries, newest first.",
    target: CONVERSATION,
    object: ["type", ...PAGE, ...MAILS, "attachments", "offset", "raw"],
  },
  search: {
    summary: "Searches for persons, posts or messages.",
    target: "what to look for, or where",
    object: [
      "type",
      "query",
      "text",
      "subject",
      "body",
      "from",
      "to",
      "cc",
      "unseen",
      "flagged",
      "answered",
      "larger",
      "folder",
      ...PAGE,
    ],
  },
  subscribe: {
    summary: "Reports new items as activities from now on.",
    as2: "Follow",
    target: "the feeds, folders or topics",
    object: ["type", "folder", "attachments"],
  },
  unsubscribe: {
    summary: "Ends a subscription.",
    as2: "Undo",
    target: "the feeds, folders or topics",
    object: ["type", "folder"],
    inbound: true,
  },
  follow: { summary: "Follows persons.", as2: "Follow", target: PERSONS, object: ["type"], inbound: true },
  unfollow: { summary: "Follows persons no more.", as2: "Undo", target: PERSONS, object: ["type"], inbound: true },
  "request-friend": {
    summary: "Asks persons to become friends.",
    as2: "Offer",
    target: PERSONS,
    object: ["type", "body"],
    inbound: true,
  },
  "make-friend": {
    summary: "Accepts persons as friends.",
    as2: "Accept",
    target: PERSONS,
    object: ["type"],
    inbound: true,
  },
  "reject-friend": {
    summary: "Refuses persons who asked.",
    as2: "Reject",
    target: PERSONS,
    object: ["type"],
    inbound: true,
  },
  "remove-friend": { summary: "Ends friendships.", as2: "Remove", target: PERSONS, object: ["type"], inbound: true },
  flag: {
    summary: "Marks mails as important, or takes the mark back.",
    as2: "Flag",
    target: ACCOUNT,
    object: [...MAILS, "flagged"],
  },
  move: {
    summary: "Moves mails into another folder.",
    as2: "Move",
    target: ACCOUNT,
    object: [...MAILS, "destination"],
  },
  connect: { summary: "Keeps the account online.", target: ACCOUNT, object: [] },
  disconnect: { summary: "Takes the account offline.", target: ACCOUNT, object: [] },
} as const satisfies Record<string, CanonicalVerb>;
export type VerbName = keyof typeof VERBS;

/** Returns a verb of the vocabulary; undefined for other names. */
export function canonicalVerb(name: string): CanonicalVerb | undefined {
  return Object.hasOwn(VERBS, name) ? VERBS[name as VerbName] : undefined;
}
