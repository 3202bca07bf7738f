import type { ImapFlow, QuotaResource } from "imapflow";
import type { Activity } from "../../../model/activity.ts";
import { Failure } from "../../../model/failure.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { noMailbox } from "../client/mailbox.ts";
import { takeFitting, cleanLine } from "../schemas/event-bounds.ts";

const FOLDERS = { most: 500, bytes: 150_000 };

/** Tells which folders a mailbox has and how full they are, or how much room is left. */
export async function query({ mailbox }: Client, { object }: Activity, { signal }: VerbContext): Promise<Receipt> {
  if (!mailbox) throw noMailbox();
  const ask = object.type === "quota" ? quota : folders;
  return { outcomes: [], object: await mailbox.use(signal, ask) };
}

async function folders(imap: ImapFlow): Promise<Record<string, unknown>> {
  const all = await imap.list({ statusQuery: { messages: true, unseen: true } });
  const items = takeFitting(
    all,
    ({ path, name, specialUse, flags, status }) => ({
      path: path.slice(0, 255),
      name: cleanLine(name, 255),
      ...(specialUse === undefined ? {} : { use: cleanLine(specialUse.replace(/^\\/, ""), 32).toLowerCase() }),
      ...(status?.messages === undefined ? {} : { total: status.messages }),
      ...(status?.unseen === undefined ? {} : { unseen: status.unseen }),
      ...(flags.has("\\Noselect") ? { selectable: false } : {}),
    }),
    FOLDERS,
  );
  return { type: "folders", items, ...(items.length < all.length ? { truncated: true } : {}) };
}

async function quota(imap: ImapFlow): Promise<Record<string, unknown>> {
  const found = await imap.getQuota("INBOX");
  if (!found) {
    const detail = "The mailbox's server tells no quota.";
    throw new Failure({ kind: "permanent", code: "verb-not-supported", detail });
  }
  return { type: "quota", ...resource("bytes", found.storage), ...resource("messages", found.message) };
}

function resource(name: string, { usage, limit }: QuotaResource = {}): Record<string, unknown> {
  if (usage === undefined && limit === undefined) return {};
  return { [name]: { ...(usage === undefined ? {} : { used: usage }), ...(limit === undefined ? {} : { limit }) } };
}
