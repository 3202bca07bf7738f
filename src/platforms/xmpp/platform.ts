import type { Activity } from "../../model/activity.ts";
import { connectionVerbs } from "../../platform/connection.ts";
import { definePlatform, defineVerb, type Platform, type ValidationIssue } from "../../platform/platform.ts";
import type { Client } from "./client/client.ts";
import { holdAccount, type XmppSettings } from "./client/connect.ts";
import { isSound } from "./client/jid.ts";
import { CREDENTIALS_EXAMPLE, Credentials } from "./credentials.ts";
import { classifyError } from "./errors.ts";
import { recover } from "./recover.ts";
import * as shapes from "./schemas/schemas.ts";
import { fetch } from "./verbs/history.ts";
import { react, read, retract, send, typing, update } from "./verbs/messages.ts";
import { query } from "./verbs/queries.ts";
import { join, leave } from "./verbs/rooms.ts";
import { accept, ask, reject, remove } from "./verbs/roster.ts";

export type { XmppSettings };

/** Chat over XMPP (RFC 6120 and 6121): one connection per account, held open. */
export function xmpp(settings: XmppSettings = {}): Platform {
  return definePlatform<Client, typeof Credentials>({
    id: "xmpp",
    title: "XMPP",
    aliases: ["jabber"],
    credentials: { schema: Credentials, example: CREDENTIALS_EXAMPLE },
    needsAccount: true,
    lifetimeSeconds: 3_600,
    timeoutSeconds: 60,
    verbs: {
      ...messageVerbs,
      ...roomVerbs,
      ...friendVerbs,
      ...readingVerbs,
      ...connectionVerbs("bob@example.com", shapes.XmppActor),
    },
    validate: refuse,
    connect: (context) => holdAccount(context, settings),
    dispose: async ({ stream }) => stream.close(),
    recover,
    classifyError,
  });
}

const messageVerbs = {
  send: defineVerb({
    summary: "Sends a message to persons or rooms, and says for each whether it was taken",
    schema: shapes.SendShape,
    example: shapes.SEND_EXAMPLE,
    run: send,
  }),
  reply: defineVerb({
    summary: "Answers a message, which clients show beside it",
    schema: shapes.ReplyShape,
    example: shapes.REPLY_EXAMPLE,
    run: send,
  }),
  update: defineVerb({
    summary: "Corrects a message, shows another presence, or sets the topic of a room",
    schema: shapes.UpdateShape,
    example: shapes.UPDATE_EXAMPLE,
    run: update,
  }),
  delete: defineVerb({
    summary: "Takes a message back, for all whose clients honour that",
    schema: shapes.DeleteShape,
    example: shapes.DELETE_EXAMPLE,
    run: retract,
  }),
  react: defineVerb({
    summary: "Says which reactions to a message stand now",
    schema: shapes.ReactShape,
    example: shapes.REACT_EXAMPLE,
    run: react,
  }),
  typing: defineVerb({
    summary: "Shows a person or room that a message is being written",
    schema: shapes.TypingShape,
    example: shapes.TYPING_EXAMPLE,
    run: typing,
  }),
  read: defineVerb({
    summary: "Tells that a message, and all before it, was read",
    schema: shapes.ReadShape,
    example: shapes.READ_EXAMPLE,
    run: read,
  }),
};

const roomVerbs = {
  join: defineVerb({
    summary: "Enters rooms and stays in them, over restarts and while nobody listens",
    schema: shapes.JoinShape,
    example: shapes.JOIN_EXAMPLE,
    run: join,
  }),
  leave: defineVerb({
    summary: "Leaves rooms for good",
    schema: shapes.LeaveShape,
    example: shapes.LEAVE_EXAMPLE,
    run: leave,
  }),
};

const friendVerbs = {
  "request-friend": defineVerb({
    summary: "Asks persons to become friends: to see when they are there",
    schema: shapes.AskFriendShape,
    example: shapes.ASK_FRIEND_EXAMPLE,
    run: ask,
  }),
  "make-friend": defineVerb({
    summary: "Accepts persons as friends, and asks them to do the same",
    schema: shapes.FriendShape,
    example: shapes.FRIEND_EXAMPLE,
    run: accept,
  }),
  "reject-friend": defineVerb({
    summary: "Refuses persons who asked, or takes back that they are friends",
    schema: shapes.FriendShape,
    example: shapes.FRIEND_EXAMPLE,
    run: reject,
  }),
  "remove-friend": defineVerb({
    summary: "Takes persons off the roster, in both directions",
    schema: shapes.FriendShape,
    example: shapes.FRIEND_EXAMPLE,
    run: remove,
  }),
};

const readingVerbs = {
  query: defineVerb({
    summary: "Asks for the roster, the rooms of a service, who is in a room, or what a room is",
    schema: shapes.QueryShape,
    example: shapes.QUERY_EXAMPLE,
    run: query,
  }),
  fetch: defineVerb({
    summary: "Reads one page of the archive of a conversation or room",
    schema: shapes.FetchShape,
    example: shapes.FETCH_EXAMPLE,
    run: fetch,
  }),
};

/** Refuses addresses that the schema's pattern lets through but that no server could be given. */
function refuse(_verb: string, { actor, target }: Omit<Activity, "id" | "rid">): ValidationIssue | undefined {
  const places = [
    { pointer: "/actor/address", address: actor.address },
    ...target.map(({ address }, index) => ({ pointer: `/target/${index}/address`, address })),
  ];
  const bad = places.find(({ address }) => !isSound(address));
  if (!bad) return undefined;
  const detail = "is no JID: its domain must be a name, and its parts not longer than 1023 bytes";
  return { code: "validation-failed", detail, pointer: bad.pointer };
}
