import { Failure } from "../../../model/failure.ts";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { Credentials } from "../credentials.ts";
import { reportsOf } from "./delivery-reports.ts";
import type { HeldMailbox } from "./imap-mailbox.ts";
import { holdPop3, type Pop3Settings } from "./pop3-mailbox.ts";

/** What all POP3 mailboxes of a process have in common. */
export type Pop3Sharing = Pick<Pop3Settings, "large" | "pollMs">;

/** An account's mailbox over POP3 as the verbs know mailboxes: its inbox, since it has no other folder. */
export async function heldPop3(
  context: ConnectionContext<Credentials>,
  settings: Omit<Pop3Settings, "inspect">,
): Promise<HeldMailbox> {
  const report = reportsOf(context);
  // What a mail is, POP3 does not tell before it is read: each is looked at.
  const { close } = await holdPop3(context, {
    ...settings,
    inspect: (read) => report({ ...read, parts: { report: true } }),
  });
  return {
    close,
    subscribe: async (folder) => {
      if (folder !== "INBOX") throw onlyImap();
    },
    unsubscribe: async () => {
      throw onlyImap();
    },
  };
}

/** Says what POP3 can't do. */
export function onlyImap(): Failure {
  const detail = "The account's mailbox speaks POP3, which only brings what is new in the inbox: store it with imap.";
  return new Failure({ kind: "permanent", code: "verb-not-supported", detail });
}
