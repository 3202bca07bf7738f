import type { FailureKind } from "../../../model/failure.ts";

/** What a refusal means: kind, code, a sentence for the app's developer, and how long to wait where it passes. */
export type Meaning = readonly [kind: FailureKind, code: string, detail: string, retryAfterMs?: number];

const NOBODY: Meaning = ["permanent", "recipient-unknown", "There is no such nick or channel on the network."];
const NOT_IN: Meaning = ["permanent", "not-in-room", "The account is not in that channel: post `join` first."];
const SHUT: Meaning = [
  "permanent",
  "room-refused",
  "The channel does not let the account in or speak (key, invitation, ban, moderation, or not in it).",
];
const TAKEN: Meaning = ["permanent", "nick-in-use", "Somebody else has that nick."];
const BAD_NICK: Meaning = [
  "permanent",
  "platform-rejected",
  "The network does not take that nick: choose another one.",
];
const POWER: Meaning = ["permanent", "permission-denied", "Only the channel's operators may do that."];
const CLOSED: Meaning = ["permanent", "recipient-not-reachable", "The recipient takes no messages from this account."];
const LONG: Meaning = ["permanent", "content-too-large", "The network takes no lines of that length."];
const TEXT: Meaning = ["permanent", "content-refused", "The network or the channel refuses what the text contains."];
const FAST: Meaning = ["rate-limited", "platform-rate-limited", "The network wants it slower.", 30_000];
const LOGIN: Meaning = ["auth", "credentials-invalid", "The network refuses the login: store the account again."];
const BANNED: Meaning = [
  "permanent",
  "account-restricted",
  "The network has banned this account or this gateway's address.",
];
const EARLY: Meaning = ["retryable", "platform-unavailable", "The network was not ready for that yet."];

export const OTHERWISE: Meaning = ["permanent", "platform-rejected", "The network refuses it."];

/** Error replies (RFC 2812 and what networks added); all others are `OTHERWISE`. */
export const NUMERICS: Readonly<Record<string, Meaning>> = {
  "263": FAST,
  "401": NOBODY,
  "402": NOBODY,
  "403": NOBODY,
  "404": SHUT,
  "405": SHUT,
  "406": NOBODY,
  "408": TEXT,
  "417": LONG,
  "432": BAD_NICK,
  "433": TAKEN,
  "436": TAKEN,
  "437": TAKEN,
  "438": FAST,
  "439": FAST,
  "441": NOBODY,
  "442": NOT_IN,
  "447": BAD_NICK,
  "451": EARLY,
  "463": BANNED,
  "464": LOGIN,
  "465": BANNED,
  "466": BANNED,
  "471": SHUT,
  "473": SHUT,
  "474": SHUT,
  "475": SHUT,
  "476": NOBODY,
  "477": SHUT,
  "479": NOBODY,
  "480": SHUT,
  "481": POWER,
  "482": POWER,
  "484": POWER,
  "485": POWER,
  "486": CLOSED,
  "489": SHUT,
  "492": TEXT,
  "494": CLOSED,
  "499": POWER,
  "500": FAST,
  "520": SHUT,
  "531": CLOSED,
  "716": CLOSED,
  "723": POWER,
  "742": POWER,
  "902": LOGIN,
  "904": LOGIN,
  "905": LOGIN,
};

/** Why servers hang up: read from their words, since there is no number. First match wins. */
export const GOODBYES: ReadonlyArray<readonly [words: RegExp, meaning: Meaning]> = [
  [
    /throttl|too (?:fast|many)|flood|try again|reconnect|wait a|limit/i,
    ["rate-limited", "platform-rate-limited", "The network limits connections or commands, and hung up.", 60_000],
  ],
  [/password|not authori[sz]ed|access denied|authentication/i, LOGIN],
  [/[gkzdq]-?lined?\b|\bakill|\bbanned\b|\bban\b/i, BANNED],
];

export const FAILED_LOGIN: Meaning = LOGIN;
