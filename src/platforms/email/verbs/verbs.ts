import type { TObject } from "typebox";
import { defineVerb, type Verb } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import type { HeldMailbox } from "../inbound/imap-mailbox.ts";
import type { MailReader } from "../inbound/mail.ts";
import {
  DeleteShape,
  FetchShape,
  FlagShape,
  MoveShape,
  QueryShape,
  ReadShape,
  SearchShape,
  SubscribeShape,
} from "../schemas/mailbox.ts";
import { SEND_EXAMPLE, SendShape } from "../schemas/message.ts";
import { change } from "./change.ts";
import { fetchMail, search } from "./fetch.ts";
import { query } from "./query.ts";
import { send } from "./send.ts";
import { subscribe, unsubscribe } from "./subscribe.ts";

const actor = { address: "bob@example.com" };
type Verbs = Readonly<Record<string, Verb<TObject, Client | HeldMailbox>>>;

/** What mail can do; those that are `held` need the account to be online. */
export function verbs(reader: MailReader): Verbs {
  return {
    send: defineVerb<typeof SendShape, Client>({
      summary: "Sends a mail to all targets and says for each whether the server took it",
      schema: SendShape,
      example: SEND_EXAMPLE,
      run: send,
    }) as Verb,
    ...reading(reader),
    ...changing(),
    subscribe: defineVerb<typeof SubscribeShape, HeldMailbox>({
      summary: "Brings each new mail of a folder as an activity, as long as the account is online",
      schema: SubscribeShape,
      example: { actor, object: { folder: "Newsletters" } },
      needsConnection: true,
      run: subscribe,
    }) as Verb,
    unsubscribe: defineVerb<typeof SubscribeShape, HeldMailbox>({
      summary: "Stops bringing the new mails of a folder",
      schema: SubscribeShape,
      example: { actor, object: { folder: "Newsletters" } },
      needsConnection: true,
      run: unsubscribe,
    }) as Verb,
  };
}

function reading(reader: MailReader): Verbs {
  return {
    fetch: defineVerb<typeof FetchShape, Client>({
      summary: "Gives a page of a folder, one mail, or the content of its attachments",
      schema: FetchShape,
      example: { actor, object: { folder: "INBOX", limit: 10 } },
      run: (client, activity, context) => fetchMail(client, activity, context, reader),
    }) as Verb,
    search: defineVerb<typeof SearchShape, Client>({
      summary: "Looks for mails in a folder by their words, people, dates and marks",
      schema: SearchShape,
      example: { actor, object: { from: "foo@bar.com", subject: "invoice", unseen: true } },
      run: search,
    }) as Verb,
    query: defineVerb<typeof QueryShape, Client>({
      summary: "Lists the mailbox's folders, or tells how much room is left in it",
      schema: QueryShape,
      example: { actor, object: { type: "folders" } },
      run: query,
    }) as Verb,
  };
}

function changing(): Verbs {
  return {
    read: defineVerb<typeof ReadShape, Client>({
      summary: "Marks mails as seen, or as not seen",
      schema: ReadShape,
      example: { actor, object: { uid: 4711 } },
      run: change,
    }) as Verb,
    flag: defineVerb<typeof FlagShape, Client>({
      summary: "Flags mails as important, or takes the flag away",
      schema: FlagShape,
      example: { actor, object: { id: "<a.message@bar.com>" } },
      run: change,
    }) as Verb,
    move: defineVerb<typeof MoveShape, Client>({
      summary: "Moves mails into another folder",
      schema: MoveShape,
      example: { actor, object: { uid: [4711, 4712], to: "Archive" } },
      run: change,
    }) as Verb,
    delete: defineVerb<typeof DeleteShape, Client>({
      summary: "Moves mails into the trash folder, or deletes them for good",
      schema: DeleteShape,
      example: { actor, object: { uid: 4711 } },
      run: change,
    }) as Verb,
  };
}
