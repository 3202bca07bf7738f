import { MAX_ATTACHMENT_BYTES } from "../../model/activity.ts";
import { connectionVerbs } from "../../platform/connection.ts";
import { definePlatform, defineVerb, type Platform, renamedValues } from "../../platform/platform.ts";
import type { Client } from "./client/client.ts";
import type { XmppSettings } from "./client/connect.ts";
import { endSession } from "./client/end-session.ts";
import { CREDENTIALS_EXAMPLE, Credentials } from "./credentials.ts";
import { classifyError } from "./errors.ts";
import { connectAccount } from "./inbound/connection.ts";
import { recover } from "./recover.ts";
import { XmppActor } from "./schemas/common.ts";
import { FRIEND_EXAMPLE, FriendSchema, REQUEST_FRIEND_EXAMPLE, RequestFriendSchema } from "./schemas/contacts.ts";
import * as messages from "./schemas/messages.ts";
import {
  FETCH_EXAMPLE,
  FetchSchema,
  OBSERVE_EXAMPLE,
  ObserveSchema,
  QUERY_EXAMPLE,
  QuerySchema,
} from "./schemas/queries.ts";
import {
  INVITE_EXAMPLE,
  InviteSchema,
  JOIN_EXAMPLE,
  JoinSchema,
  KICK_EXAMPLE,
  KickSchema,
  LEAVE_EXAMPLE,
  LeaveSchema,
} from "./schemas/rooms.ts";
import { validate } from "./validate.ts";
import { fetch } from "./verbs/history.ts";
import { react, read, retract, send, typing, unreact, update } from "./verbs/messages.ts";
import { observe, query } from "./verbs/queries.ts";
import { invite, join, kick, leave } from "./verbs/rooms.ts";
import { makeFriend, rejectFriend, removeFriend, requestFriend } from "./verbs/roster.ts";

export type { XmppSettings };

/** Creates the XMPP platform (RFC 6120 and 6121): one persistent connection per account. */
export function xmpp(settings: XmppSettings = {}): Platform {
  return definePlatform<Client, typeof Credentials>({
    id: "xmpp",
    title: "XMPP",
    aliases: ["jabber"],
    uriSchemes: ["xmpp"],
    contexts: ["room", "direct"],
    credentials: { schema: Credentials, example: CREDENTIALS_EXAMPLE },
    renamedVerbs: { reply: "`send` with `object.inReplyTo`" },
    inbound: {
      send: ["type", "id", "subject", "body", "html", "inReplyTo", "attachments", "encrypted"],
      update: ["type", "id", "body", "html", "show", "status", "name"],
      delete: ["type", "id"],
      react: ["type", "id", "content"],
      unreact: ["type", "id", "content"],
      typing: ["state"],
      join: ["type"],
      leave: ["type", "cause", "reason", "by", "address", "password"],
      invite: ["type", "address", "password", "reason"],
      "request-friend": ["type", "body"],
      "make-friend": ["type", "body"],
      "reject-friend": ["type", "body"],
      "remove-friend": ["type", "body"],
    },
    needsAccount: true,
    lifetimeSeconds: 3_600,
    timeoutSeconds: 60,
    verbs: {
      ...messageVerbs,
      ...roomVerbs,
      ...contactVerbs,
      ...queryVerbs,
      ...connectionVerbs("bob@example.com", XmppActor),
    },
    validate,
    connect: (context) => connectAccount(context, settings),
    dispose: endSession,
    recover,
    classifyError,
  });
}

const RICH = {
  as: "converted",
  tooLong: "refused",
  note: "Message Styling: bold, italic, strike, code, quotes; lists become lines, addresses follow their links",
} as const;
const FILES = "by url as a link; by content uploaded to the account's server (XEP-0363), within its limit";
const TEXT_FORMS = { body: { as: "kept", tooLong: "refused" }, html: RICH, markdown: RICH } as const;

const messageVerbs = {
  send: defineVerb({
    summary: "Sends a message to persons or rooms, with an outcome for each",
    schema: messages.SendSchema,
    example: messages.SEND_EXAMPLE,
    capabilities: { ...TEXT_FORMS, attachments: { as: "kept", maxBytes: MAX_ATTACHMENT_BYTES, note: FILES } },
    run: send,
  }),
  update: defineVerb({
    summary: "Corrects a message, changes the own presence, or sets the topic of a room",
    schema: messages.UpdateSchema,
    example: messages.UPDATE_EXAMPLE,
    capabilities: { ...TEXT_FORMS, id: { note: "own messages" } },
    renamed: { "/object/topic": "`object.body`" },
    run: update,
  }),
  delete: defineVerb({
    summary: "Retracts a message, in clients that support retraction",
    schema: messages.DeleteSchema,
    example: messages.DELETE_EXAMPLE,
    capabilities: { id: { note: "own messages" } },
    run: retract,
  }),
  react: defineVerb({
    summary: "Adds a reaction to a message",
    schema: messages.ReactSchema,
    example: messages.REACT_EXAMPLE,
    renamed: { "/object/reactions": "`object.content`, one reaction per activity" },
    run: react,
  }),
  unreact: defineVerb({
    summary: "Removes a reaction from a message, or all own ones",
    schema: messages.UnreactSchema,
    example: messages.UNREACT_EXAMPLE,
    run: unreact,
  }),
  typing: defineVerb({
    summary: "Shows a person or room that a message is being written",
    schema: messages.TypingSchema,
    example: messages.TYPING_EXAMPLE,
    renamedValues: renamedValues("/object/state", { active: "`paused`", inactive: "`paused`", gone: "`paused`" }),
    run: typing,
  }),
  read: defineVerb({
    summary: "Marks a message, and all before it, as read",
    schema: messages.ReadSchema,
    example: messages.READ_EXAMPLE,
    run: read,
  }),
};

const roomVerbs = {
  join: defineVerb({
    summary: "Joins rooms and stays in them, across restarts and without listeners",
    schema: JoinSchema,
    example: JOIN_EXAMPLE,
    run: join,
  }),
  leave: defineVerb({
    summary: "Leaves rooms permanently",
    schema: LeaveSchema,
    example: LEAVE_EXAMPLE,
    run: leave,
  }),
  invite: defineVerb({
    summary: "Invites persons into a room",
    schema: InviteSchema,
    example: INVITE_EXAMPLE,
    renamed: { "/object/id": "`object.address`" },
    run: invite,
  }),
  kick: defineVerb({
    summary: "Removes an occupant from a room",
    schema: KickSchema,
    example: KICK_EXAMPLE,
    run: kick,
  }),
};

const contactVerbs = {
  "request-friend": defineVerb({
    summary: "Asks persons to become friends and to share their presence",
    schema: RequestFriendSchema,
    example: REQUEST_FRIEND_EXAMPLE,
    run: requestFriend,
  }),
  "make-friend": defineVerb({
    summary: "Accepts persons as friends, and asks them to do the same",
    schema: FriendSchema,
    example: FRIEND_EXAMPLE,
    run: makeFriend,
  }),
  "reject-friend": defineVerb({
    summary: "Denies friend requests, or cancels an approval",
    schema: FriendSchema,
    example: FRIEND_EXAMPLE,
    run: rejectFriend,
  }),
  "remove-friend": defineVerb({
    summary: "Removes persons from the roster, in both directions",
    schema: FriendSchema,
    example: FRIEND_EXAMPLE,
    run: removeFriend,
  }),
};

const queryVerbs = {
  query: defineVerb({
    summary: "Lists the contacts, the rooms of a service or the members of a room, or describes a room",
    schema: QuerySchema,
    example: QUERY_EXAMPLE,
    renamedValues: renamedValues("/object/type", {
      roster: "`contacts`",
      attendance: "`members`",
      "room-info": "`room`",
    }),
    run: query,
  }),
  observe: defineVerb({
    summary: "Lists the members of a room; name of query in 2013",
    schema: ObserveSchema,
    example: OBSERVE_EXAMPLE,
    run: observe,
  }),
  fetch: defineVerb({
    summary: "Reads one page of the archive of a conversation or room",
    schema: FetchSchema,
    example: FETCH_EXAMPLE,
    run: fetch,
  }),
};
