import type { ConnectionContext } from "../../../platform/connection.ts";
import type { Credentials } from "../credentials.ts";
import type { WantedNick } from "./nick-keeper.ts";
import type { Session } from "./session.ts";

/** What the verbs work with: one account's live session. */
export interface Client extends Session {
  readonly hold: ConnectionContext<Credentials>;
  readonly wanted: WantedNick;
}
