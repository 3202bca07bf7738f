import type { ConnectionContext } from "../../../platform/connection.ts";
import type { Credentials } from "../credentials.ts";
import type { ChannelKeeper } from "./channel-keeper.ts";
import type { NickKeeper } from "./nick-keeper.ts";
import type { Session } from "./session.ts";

/** A connected account: the client that verbs work with. */
export interface Client extends Session {
  readonly context: ConnectionContext<Credentials>;
  readonly nickKeeper: NickKeeper;
  readonly channelKeeper: ChannelKeeper;
}
