import type { ImapFlow, QuotaResource } from "imapflow";
import { Failure } from "../../../model/failure.ts";
import { optional } from "../../../model/optional.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { noMailbox } from "../client/mailbox.ts";
import { cleanLine, takeFitting } from "../schemas/event-bounds.ts";
import type { QuerySchema } from "../schemas/mailbox.ts";

const FOLDERS = { max: 500, bytes: 150_000 };

/** Lists a mailbox's folders with their counts, or tells the remaining space. */
export async function query(
  { mailbox }: Client,
  { object }: ActivityOf<typeof QuerySchema>,
  { signal }: VerbContext,
): Promise<Receipt> {
  if (!mailbox) throw noMailbox();
  return { outcomes: [], object: await mailbox.use(signal, object.type === "quota" ? quota : folders) };
}

async function folders(imap: ImapFlow): Promise<Record<string, unknown>> {
  const all = await imap.list({ statusQuery: { messages: true, unseen: true } });
  const items = takeFitting(
    all,
    ({ path, name, specialUse, flags, status }) => ({
      type: "folder",
      folder: path.slice(0, 255),
      name: cleanLine(name, 255),
      ...optional("total", status?.messages),
      email: {
        ...optional("use", specialUse && cleanLine(specialUse.replace(/^\\/, ""), 32).toLowerCase()),
        ...optional("unseen", status?.unseen),
        selectable: !flags.has("\\Noselect"),
      },
    }),
    FOLDERS,
  );
  return { type: "collection", items, ...(items.length < all.length ? { truncated: true } : {}) };
}

async function quota(imap: ImapFlow): Promise<Record<string, unknown>> {
  const limits = await imap.getQuota("INBOX");
  if (!limits) {
    const detail = "The mailbox's server reports no quota.";
    throw new Failure({ kind: "permanent", code: "verb-not-supported", detail });
  }
  const email = { ...resource("bytes", limits.storage), ...resource("messages", limits.message) };
  return { type: "quota", email };
}

function resource(name: string, { usage, limit }: QuotaResource = {}): Record<string, unknown> {
  if (usage === undefined && limit === undefined) return {};
  return { [name]: { ...optional("used", usage), ...optional("limit", limit) } };
}
