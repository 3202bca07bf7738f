import type { Activity } from "../../../model/activity.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import { folderName, type ConnectedMailbox } from "../inbound/imap-mailbox.ts";

/** Listens to a folder as long as the account is online; what comes from now on arrives. Folder: default the inbox. */
export async function subscribe(client: ConnectedMailbox, activity: Activity, context: VerbContext): Promise<Receipt> {
  const folder = folderOf(activity);
  await context.commit();
  await client.subscribe(folder, context.signal);
  return { outcomes: [], object: { folder } };
}

/** Ends what `subscribe` began. */
export async function unsubscribe(client: ConnectedMailbox, activity: Activity, context: VerbContext): Promise<Receipt> {
  const folder = folderOf(activity);
  await context.commit();
  await client.unsubscribe(folder);
  return { outcomes: [], object: { folder } };
}

function folderOf({ object }: Activity): string {
  return folderName(typeof object.folder === "string" ? object.folder : "INBOX");
}
