import type { TObject } from "typebox";
import { MAX_ATTACHMENT_BYTES } from "../../../model/activity.ts";
import { defineVerb, type RenamedValue, type Verb } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import type { ConnectedMailbox } from "../inbound/imap-mailbox.ts";
import type { MailReaders } from "../inbound/mail-reader.ts";
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

/** Returns the verbs of e-mail; those with `needsConnection` need the account to be online. */
export function verbs(readers: MailReaders): Verbs {
  return {
    send: defineVerb<typeof SendSchema, Client>({
      summary: "Sends a mail to all targets and reports for each whether the server accepted it",
      schema: SendSchema,
      example: SEND_EXAMPLE,
      capabilities: {
        body: { as: "kept", tooLong: "refused" },
        html: { as: "kept", tooLong: "refused" },
        markdown: { as: "converted", tooLong: "refused", note: "HTML and plain text" },
        attachments: { as: "kept", maxBytes: MAX_ATTACHMENT_BYTES, note: "all together" },
      },
      hasSuppressions: true,
      run: send,
    }) as Verb,
    ...readingVerbs(readers),
    ...changingVerbs(),
    subscribe: defineVerb<typeof SubscribeSchema, ConnectedMailbox>({
      summary: "Delivers each new mail of a folder as an activity while the account is online",
      schema: SubscribeSchema,
      example: { actor, object: { folder: "Newsletters" } },
      needsConnection: true,
      run: subscribe,
    }) as Verb,
    unsubscribe: defineVerb<typeof SubscribeSchema, ConnectedMailbox>({
      summary: "Stops delivering the new mails of a folder",
      schema: SubscribeSchema,
      example: { actor, object: { folder: "Newsletters" } },
      needsConnection: true,
      run: unsubscribe,
    }) as Verb,
  };
}

/** Pages were asked for by uid. */
const PAGES: readonly RenamedValue[] = [
  {
    pointer: "/object/before",
    example: 4711,
    isOld: (value) => typeof value === "number",
    instead: "`object.after` with `next` of the page before",
  },
];

function readingVerbs(readers: MailReaders): Verbs {
  return {
    fetch: defineVerb<typeof FetchSchema, Client>({
      summary: "Returns a page of a folder, a single mail, or the content of its attachments",
      schema: FetchSchema,
      example: { actor, object: { folder: "INBOX", limit: 10 } },
      renamedValues: PAGES,
      run: (client, activity, context) => fetchMail(client, activity, context, readers.forApp(context.app)),
    }) as Verb,
    search: defineVerb<typeof SearchSchema, Client>({
      summary: "Searches mails in a folder by text, people, dates and flags",
      schema: SearchSchema,
      example: { actor, object: { from: "foo@bar.com", subject: "invoice", unseen: true } },
      renamedValues: PAGES,
      run: search,
    }) as Verb,
    query: defineVerb<typeof QuerySchema, Client>({
      summary: "Lists the mailbox's folders, or returns its remaining space",
      schema: QuerySchema,
      example: { actor, object: { type: "folders" } },
      run: query,
    }) as Verb,
  };
}

function changingVerbs(): Verbs {
  return {
    read: defineVerb<typeof ReadSchema, Client>({
      summary: "Marks mails as seen, or as not seen",
      schema: ReadSchema,
      example: { actor, object: { uid: 4711 } },
      run: change,
    }) as Verb,
    flag: defineVerb<typeof FlagSchema, Client>({
      summary: "Flags mails as important, or removes the flag",
      schema: FlagSchema,
      example: { actor, object: { id: "<a.message@bar.com>" } },
      run: change,
    }) as Verb,
    move: defineVerb<typeof MoveSchema, Client>({
      summary: "Moves mails into another folder",
      schema: MoveSchema,
      example: { actor, object: { uid: [4711, 4712], destination: "Archive" } },
      renamed: { "/object/to": "object.destination" },
      run: change,
    }) as Verb,
    delete: defineVerb<typeof DeleteSchema, Client>({
      summary: "Moves mails into the trash folder, or deletes them for good",
      schema: DeleteSchema,
      example: { actor, object: { uid: 4711 } },
      renamed: { "/object/forever": "object.permanent" },
      run: change,
    }) as Verb,
  };
}
