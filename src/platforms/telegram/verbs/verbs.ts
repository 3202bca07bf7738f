import type { TObject } from "typebox";
import { MAX_ATTACHMENT_BYTES } from "../../../model/activity.ts";
import { defineVerb, type Verb } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import * as groups from "../schemas/groups.ts";
import * as messages from "../schemas/messages.ts";
import * as reading from "../schemas/reading.ts";
import { react, remove, typing, unreact, update } from "./change.ts";
import { ban, invite, kick, leave, unban } from "./groups.ts";
import { fetch, query } from "./reading.ts";
import { send } from "./send.ts";

const RICH = {
  as: "converted",
  tooLong: "split",
  note: "bold, italic, underline, strike, code, links, quotes; lists become lines",
} as const;

/** Verbs of a Telegram bot; all run without a connection. */
export const verbs: Readonly<Record<string, Verb<TObject, Client>>> = {
  send: defineVerb({
    summary: "Sends a message to persons, groups, channels or topics",
    schema: messages.SendSchema,
    example: messages.SEND_EXAMPLE,
    capabilities: {
      body: { as: "kept", tooLong: "split", note: `${messages.MAX_TEXT} characters a message` },
      html: RICH,
      markdown: RICH,
      attachments: { as: "kept", maxBytes: MAX_ATTACHMENT_BYTES, note: "all together" },
      buttons: { as: "kept", note: "values up to 64 bytes" },
    },
    needsConnection: false,
    run: send,
  }),
  update: defineVerb({
    summary: "Edits a message of the bot, or a group's title or description",
    schema: messages.UpdateSchema,
    example: messages.UPDATE_EXAMPLE,
    capabilities: {
      id: { note: "own messages; others' never" },
      body: { as: "kept", tooLong: "refused" },
      html: { ...RICH, tooLong: "refused" },
      markdown: { ...RICH, tooLong: "refused" },
    },
    needsConnection: false,
    run: update,
  }),
  delete: defineVerb({
    summary: "Deletes a message",
    schema: messages.DeleteSchema,
    example: messages.DELETE_EXAMPLE,
    capabilities: { id: { note: "within 48 hours; others' messages where the bot is an administrator" } },
    needsConnection: false,
    run: remove,
  }),
  react: defineVerb({
    summary: "Reacts to a message",
    schema: messages.ReactSchema,
    example: messages.REACT_EXAMPLE,
    capabilities: { content: { note: "one reaction a message; the next replaces it" } },
    needsConnection: false,
    run: react,
  }),
  unreact: defineVerb({
    summary: "Removes the reaction to a message",
    schema: messages.UnreactSchema,
    example: messages.UNREACT_EXAMPLE,
    needsConnection: false,
    run: unreact,
  }),
  typing: defineVerb({
    summary: "Shows that the bot is writing",
    schema: messages.TypingSchema,
    example: messages.TYPING_EXAMPLE,
    needsConnection: false,
    run: typing,
  }),
  leave: defineVerb({
    summary: "Leaves groups and channels",
    schema: groups.LeaveSchema,
    example: groups.LEAVE_EXAMPLE,
    needsConnection: false,
    run: leave,
  }),
  invite: defineVerb({
    summary: "Sends persons a link into a group",
    schema: groups.InviteSchema,
    example: groups.INVITE_EXAMPLE,
    needsConnection: false,
    run: invite,
  }),
  kick: defineVerb({
    summary: "Removes a person from a group",
    schema: groups.KickSchema,
    example: groups.KICK_EXAMPLE,
    needsConnection: false,
    run: kick,
  }),
  ban: defineVerb({
    summary: "Bans a person from a group",
    schema: groups.KickSchema,
    example: groups.KICK_EXAMPLE,
    needsConnection: false,
    run: ban,
  }),
  unban: defineVerb({
    summary: "Lifts a ban from a group",
    schema: groups.UnbanSchema,
    example: groups.UNBAN_EXAMPLE,
    needsConnection: false,
    run: unban,
  }),
  query: defineVerb({
    summary: "Asks for a group's administrators, or for facts about a chat or person",
    schema: reading.QuerySchema,
    example: reading.QUERY_EXAMPLE,
    needsConnection: false,
    run: query,
  }),
  fetch: defineVerb({
    summary: "Downloads an attachment that arrived",
    schema: reading.FetchSchema,
    example: reading.FETCH_EXAMPLE,
    needsConnection: false,
    run: fetch,
  }),
};
