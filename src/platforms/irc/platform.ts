import { connectionVerbs } from "../../platform/connection.ts";
import { definePlatform, defineVerb, type Platform } from "../../platform/platform.ts";
import type { Client } from "./client/client.ts";
import { connect, disconnect } from "./client/connect.ts";
import { PATIENCE, type Patience } from "./client/session.ts";
import { CREDENTIALS_EXAMPLE, Credentials } from "./credentials.ts";
import { classifyError } from "./errors.ts";
import { recover } from "./recover.ts";
import * as shapes from "./schemas/channels.ts";
import { IrcActor } from "./schemas/identifiers.ts";
import { SEND_EXAMPLE, SendShape } from "./schemas/messages.ts";
import { validate } from "./validate.ts";
import { invite, join, kick, leave } from "./verbs/channels.ts";
import { query } from "./verbs/query.ts";
import { send } from "./verbs/send.ts";
import { update } from "./verbs/update.ts";

export interface IrcSettings {
  /** How long each step may take. */
  readonly ircPatience?: Patience;
}

/** IRC: a held connection per account, with its channels. */
export function irc({ ircPatience = PATIENCE }: IrcSettings = {}): Platform {
  return definePlatform<Client, typeof Credentials>({
    id: "irc",
    title: "IRC",
    uriSchemes: ["irc", "ircs"],
    credentials: { schema: Credentials, example: CREDENTIALS_EXAMPLE },
    needsAccount: true,
    lifetimeSeconds: 3_600,
    timeoutSeconds: 300,
    verbs: {
      send: defineVerb({
        summary: "Says something to channels or people, and tells for each whether the network took it",
        schema: SendShape,
        example: SEND_EXAMPLE,
        run: send,
      }),
      join: defineVerb({
        summary: "Joins channels and stays in them, over reconnects and restarts",
        schema: shapes.JoinShape,
        example: shapes.JOIN_EXAMPLE,
        run: join,
      }),
      leave: defineVerb({
        summary: "Leaves channels for good",
        schema: shapes.LeaveShape,
        example: shapes.LEAVE_EXAMPLE,
        run: leave,
      }),
      update: defineVerb({
        summary: "Sets a channel's topic, or the account's own nick",
        schema: shapes.UpdateShape,
        example: shapes.UPDATE_EXAMPLE,
        run: update,
      }),
      query: defineVerb({
        summary: "Asks who is in a channel, who somebody is, or which channels there are",
        schema: shapes.QueryShape,
        example: shapes.QUERY_EXAMPLE,
        run: query,
      }),
      observe: defineVerb({
        summary: "Asks who is in a channel: the name that query had in 2013",
        schema: shapes.ObserveShape,
        example: shapes.OBSERVE_EXAMPLE,
        run: query,
      }),
      invite: defineVerb({
        summary: "Invites somebody into a channel",
        schema: shapes.InviteShape,
        example: shapes.INVITE_EXAMPLE,
        run: invite,
      }),
      kick: defineVerb({
        summary: "Throws somebody out of a channel",
        schema: shapes.KickShape,
        example: shapes.KICK_EXAMPLE,
        run: kick,
      }),
      ...connectionVerbs("bob@irc.example.net", IrcActor),
    },
    validate,
    connect: (context) => connect(context, ircPatience),
    dispose: disconnect,
    recover,
    classifyError,
  });
}
