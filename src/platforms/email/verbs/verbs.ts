import type { TObject } from "typebox";
import { defineVerb, type Verb } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import type { ConnectedMailbox } from "../inbound/imap-mailbox.ts";
import type { MailReader } from "../inbound/mail-reader.ts";
import {
  DeleteSchema,
  FetchSchema,
  FlagSchema,
  MoveSchema,
  QuerySchema,
  ReadSchema,
  SearchSchema,
  SubscribeSchema,
} from "../schemas/mailbox.ts";
import { SEND_EXAMPLE, SendSchema } from "../schemas/message.ts";
import { change } from "./change.ts";
import { fetchMail, search } from "./fetch.ts";
import { query } from "./query.ts";
import { send } from "./send.ts";
import { subscribe, unsubscribe } from "./subscribe.ts";

const actor = { address: "bob@example.com" };
type Verbs = Readonly<Record<string, Verb<TObject, Client | ConnectedMailbox>>>;

/** What mail can do; those that are `held` need the account to be online. */
export function verbs(reader: MailReader): Verbs {
  return {
    send: defineVerb<typeof SendSchema, Client>({
      summary: "Sends a mail to all targets and says for each whether the server took it",
      schema: SendSchema,
      example: SEND_EXAMPLE,
      run: send,
    }) as Verb,
    ...reading(reader),
    ...changing(),
    subscribe: defineVerb<typeof SubscribeSchema, ConnectedMailbox>({
      summary: "Brings each new mail of a folder as an activity, as long as the account is online",
      schema: SubscribeSchema,
      example: { actor, object: { folder: "Newsletters" } },
      needsConnection: true,
      run: subscribe,
    }) as Verb,
    unsubscribe: defineVerb<typeof SubscribeSchema, ConnectedMailbox>({
      summary: "Stops bringing the new mails of a folder",
      schema: SubscribeSchema,
      example: { actor, object: { folder: "Newsletters" } },
      needsConnection: true,
      run: unsubscribe,
    }) as Verb,
  };
}

function reading(reader: MailReader): Verbs {
  return {
    fetch: defineVerb<typeof FetchSchema, Client>({
      summary: "Gives a page of a folder, one mail, or the content of its attachments",
      schema: FetchSchema,
      example: { actor, object: { folder: "INBOX", limit: 10 } },
      run: (client, activity, context) => fetchMail(client, activity, context, reader),
    }) as Verb,
    search: defineVerb<typeof SearchSchema, Client>({
      summary: "Looks for mails in a folder by their words, people, dates and marks",
      schema: SearchSchema,
      example: { actor, object: { from: "foo@bar.com", subject: "invoice", unseen: true } },
      run: search,
    }) as Verb,
    query: defineVerb<typeof QuerySchema, Client>({
      summary: "Lists the mailbox's folders, or tells how much room is left in it",
      schema: QuerySchema,
      example: { actor, object: { type: "folders" } },
      run: query,
    }) as Verb,
  };
}

function changing(): Verbs {
  return {
    read: defineVerb<typeof ReadSchema, Client>({
      summary: "Marks mails as seen, or as not seen",
      schema: ReadSchema,
      example: { actor, object: { uid: 4711 } },
      run: change,
    }) as Verb,
    flag: defineVerb<typeof FlagSchema, Client>({
      summary: "Flags mails as important, or takes the flag away",
      schema: FlagSchema,
      example: { actor, object: { id: "<a.message@bar.com>" } },
      run: change,
    }) as Verb,
    move: defineVerb<typeof MoveSchema, Client>({
      summary: "Moves mails into another folder",
      schema: MoveSchema,
      example: { actor, object: { uid: [4711, 4712], to: "Archive" } },
      run: change,
    }) as Verb,
    delete: defineVerb<typeof DeleteSchema, Client>({
      summary: "Moves mails into the trash folder, or deletes them for good",
      schema: DeleteSchema,
      example: { actor, object: { uid: 4711 } },
      run: change,
    }) as Verb,
  };
}
