import type { TObject } from "typebox";
import { defineVerb, type Verb } from "../../platform.ts";
import type { MailReader } from "./arrived-mail.ts";
import type { Client } from "./client.ts";
import type { HeldMailbox } from "./imap-hold.ts";
import { subscribe, unsubscribe } from "./imap-subscribe.ts";
import { SubscribeShape } from "./mailbox-shapes.ts";
import { SEND_EXAMPLE, SendShape } from "./message-shape.ts";
import { send } from "./send.ts";

const actor = { address: "bob@example.com" };

/** What mail can do; those that are `held` need the account to be online. */
export function verbs(_reader: MailReader): Readonly<Record<string, Verb<TObject, Client | HeldMailbox>>> {
  return {
    send: defineVerb<typeof SendShape, Client>({
      summary: "Sends a mail to all targets and says for each whether the server took it",
      schema: SendShape,
      example: SEND_EXAMPLE,
      run: send,
    }) as Verb,
    subscribe: defineVerb<typeof SubscribeShape, HeldMailbox>({
      summary: "Brings each new mail of a folder as an activity, as long as the account is online",
      schema: SubscribeShape,
      example: { actor, object: { folder: "INBOX" } },
      held: true,
      run: subscribe,
    }) as Verb,
    unsubscribe: defineVerb<typeof SubscribeShape, HeldMailbox>({
      summary: "Stops bringing the new mails of a folder",
      schema: SubscribeShape,
      example: { actor, object: { folder: "INBOX" } },
      held: true,
      run: unsubscribe,
    }) as Verb,
  };
}
