import type { ConnectionContext } from "../../../platform/connection.ts";
import { needsImap } from "../client/mailbox.ts";
import type { Credentials } from "../credentials.ts";
import { deliveryReports } from "./delivery-reports.ts";
import type { ConnectedMailbox } from "./imap-mailbox.ts";
import { type Pop3Settings, pollPop3 } from "./pop3-mailbox.ts";

/** Connects a POP3 mailbox; its only folder is the inbox. */
export async function connectPop3(
  connection: ConnectionContext<Credentials>,
  settings: Omit<Pop3Settings, "inspect">,
): Promise<ConnectedMailbox> {
  const { close } = await pollPop3(connection, { ...settings, inspect: deliveryReports(connection, settings.reader) });
  return {
    close,
    subscribe: async (folder) => {
      if (folder !== "INBOX") throw needsImap();
    },
    unsubscribe: async () => {
      throw needsImap();
    },
  };
}
