import { connectionVerbs } from "../../platform/connection.ts";
import { definePlatform, defineVerb, type Platform, renamedValues } from "../../platform/platform.ts";
import type { Client } from "./client/client.ts";
import { connectAccount, disposeClient } from "./client/connect.ts";
import { TIMEOUTS, type Timeouts } from "./client/timeouts.ts";
import { CREDENTIALS_EXAMPLE, Credentials } from "./credentials.ts";
import { classifyError } from "./errors.ts";
import { recover } from "./recover.ts";
import * as schemas from "./schemas/channels.ts";
import { addressInPath, IrcActor } from "./schemas/identifiers.ts";
import { SEND_EXAMPLE, SendSchema } from "./schemas/messages.ts";
import { validate } from "./validate.ts";
import { invite, join, kick, leave } from "./verbs/channels.ts";
import { observe, query } from "./verbs/query.ts";
import { send } from "./verbs/send.ts";
import { update } from "./verbs/update.ts";

export interface IrcSettings {
  /** Time limits of each step. */
  readonly ircTimeouts?: Timeouts;
}

/** Creates the IRC platform: a persistent connection per account, with its channels. */
export function irc({ ircTimeouts = TIMEOUTS }: IrcSettings = {}): Platform {
  return definePlatform<Client, typeof Credentials>({
    id: "irc",
    title: "IRC",
    credentials: { schema: Credentials, example: CREDENTIALS_EXAMPLE },
    uriSchemes: ["irc", "ircs"],
    addressInPath,
    contexts: ["direct", "room"],
    inbound: {
      send: ["type", "body", "html"],
      join: ["type"],
      leave: ["type", "cause", "reason", "by"],
      update: ["type", "name", "body"],
      invite: ["type", "address"],
    },
    needsAccount: true,
    lifetimeSeconds: 3_600,
    timeoutSeconds: 300,
    verbs: {
      ...messageVerbs,
      ...channelVerbs,
      ...queryVerbs,
      ...connectionVerbs("bob@irc.example.net", IrcActor),
    },
    validate,
    connect: (context) => connectAccount(context, ircTimeouts),
    dispose: disposeClient,
    recover,
    classifyError,
  });
}

const RICH = {
  as: "converted",
  tooLong: "split",
  note: "bold, italic, underline, strike, code; lists and quotes become lines, addresses follow their links",
} as const;

const messageVerbs = {
  send: defineVerb({
    summary: "Sends a message to channels or persons, and says for each whether the network took it",
    schema: SendSchema,
    example: SEND_EXAMPLE,
    capabilities: {
      body: { as: "kept", tooLong: "split", note: "at most 20 parts of 350 bytes" },
      html: RICH,
      markdown: RICH,
    },
    run: send,
  }),
};

const channelVerbs = {
  join: defineVerb({
    summary: "Joins channels and stays in them, over reconnects and restarts",
    schema: schemas.JoinSchema,
    example: schemas.JOIN_EXAMPLE,
    renamed: { "/object/key": "`object.password`" },
    run: join,
  }),
  leave: defineVerb({
    summary: "Leaves channels for good",
    schema: schemas.LeaveSchema,
    example: schemas.LEAVE_EXAMPLE,
    renamed: { "/object/body": "`object.reason`" },
    run: leave,
  }),
  update: defineVerb({
    summary: "Sets a channel's topic, or the account's own nick",
    schema: schemas.UpdateSchema,
    example: schemas.UPDATE_EXAMPLE,
    run: update,
  }),
  invite: defineVerb({
    summary: "Invites persons into a channel",
    schema: schemas.InviteSchema,
    example: schemas.INVITE_EXAMPLE,
    renamedValues: renamedValues("/object/type", {
      person: "target for the person, and `object.address` for the channel",
    }),
    run: invite,
  }),
  kick: defineVerb({
    summary: "Removes a person from a channel",
    schema: schemas.KickSchema,
    example: schemas.KICK_EXAMPLE,
    renamed: { "/object/body": "`object.reason`" },
    run: kick,
  }),
};

const queryVerbs = {
  query: defineVerb({
    summary: "Lists the members of a channel or the network's channels, or describes a person",
    schema: schemas.QuerySchema,
    example: schemas.QUERY_EXAMPLE,
    renamedValues: renamedValues("/object/type", { attendance: "`members`" }),
    run: query,
  }),
  observe: defineVerb({
    summary: "Lists the members of a channel: the name that query had in 2013",
    schema: schemas.ObserveSchema,
    example: schemas.OBSERVE_EXAMPLE,
    run: observe,
  }),
};
