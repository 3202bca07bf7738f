import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import { folderName } from "../client/imap/find-mails.ts";
import type { ConnectedMailbox } from "../inbound/imap-mailbox.ts";
import type { SubscribeSchema } from "../schemas/mailbox.ts";

type SubscribeActivity = ActivityOf<typeof SubscribeSchema>;

/** Listens to a folder, by default the inbox, as long as the account is online. Only later mail arrives. */
export async function subscribe(
  client: ConnectedMailbox,
  activity: SubscribeActivity,
  context: VerbContext,
): Promise<Receipt> {
  const folder = folderOf(activity);
  await context.commit();
  await client.subscribe(folder, context.signal);
  return { outcomes: [], object: { folder } };
}

/** Stops listening to a folder. */
export async function unsubscribe(
  client: ConnectedMailbox,
  activity: SubscribeActivity,
  context: VerbContext,
): Promise<Receipt> {
  const folder = folderOf(activity);
  await context.commit();
  await client.unsubscribe(folder);
  return { outcomes: [], object: { folder } };
}

function folderOf({ object }: SubscribeActivity): string {
  return folderName(object?.folder ?? "INBOX");
}
