import { xml } from "@xmpp/client";
import { toEventError } from "../../../model/failure.ts";
import type { Identity, InboundResult } from "../client/client.ts";
import { bare, domain, resource } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { attr, failureOf } from "../client/stanza.ts";

const NS_RECEIPTS = "urn:xmpp:receipts";
const NS_MARKERS = "urn:xmpp:chat-markers:0";
/** Ids that this gateway gave: an activity's, plus the target's number where there were several. */
const ACTIVITY_ID = /^([0-9A-HJKMNP-TV-Z]{26})(\.\d+)?$/;

/** Builds the delivery receipt (XEP-0184) that is sent once the message was recorded. */
export function receiptFor(message: Stanza, from: string): Stanza | undefined {
  const id = attr(message, "id");
  if (id === undefined || !message.getChild("request", NS_RECEIPTS)) return undefined;
  const received = xml("received", { xmlns: NS_RECEIPTS, id });
  return xml("message", { to: from, type: "chat" }, received, xml("store", { xmlns: "urn:xmpp:hints" }));
}

/** Returns whether a message is a receipt or marker about a message of ours. */
export function isReceipt(message: Stanza): boolean {
  return receiptIdOf(message) !== undefined;
}

function receiptIdOf(message: Stanza): string | undefined {
  const id =
    attr(message.getChild("displayed", NS_MARKERS), "id") ?? attr(message.getChild("received", NS_RECEIPTS), "id");
  return id !== undefined && ACTIVITY_ID.test(id) ? id : undefined;
}

/** Reads a delivery receipt (XEP-0184) or a read marker (XEP-0333) about a message of ours. */
export function receiptOf(message: Stanza, identity: Identity): InboundResult {
  const messageId = receiptIdOf(message) ?? "";
  const target = receiptTarget(messageId, message, identity);
  const status = message.getChild("displayed", NS_MARKERS) ? "read" : "delivered";
  return target === undefined ? {} : { receipt: { id: activityIdIn(messageId), status, target } };
}

/** Reads an error stanza about a message of ours. */
export function failedReceipt(message: Stanza, identity: Identity): InboundResult {
  const messageId = attr(message, "id") ?? "";
  if (!ACTIVITY_ID.test(messageId) || !message.getChild("error")) return {};
  const target = receiptTarget(messageId, message, identity);
  const error = toEventError(failureOf(message));
  return target === undefined ? {} : { receipt: { id: activityIdIn(messageId), status: "failed", error, target } };
}

function activityIdIn(messageId: string): string {
  return ACTIVITY_ID.exec(messageId)?.[1] ?? messageId;
}

/**
 * Returns the target that a receipt may speak for; undefined for a forged receipt. Every occupant of a room knows the ids
 * of its messages, so only the recipient counts, for failures also the recipient's server (XEP-0184 section 8). After
 * a reconnect the recipient is unknown here, and the core compares the sender with the activity's targets.
 */
function receiptTarget(messageId: string, message: Stanza, { memory, rooms }: Identity): string | undefined {
  const from = attr(message, "from");
  if (from === undefined) return undefined;
  const isOccupant = rooms.has(bare(from)) && resource(from) !== "";
  const recipient = memory.recipients.get(messageId);
  if (recipient === undefined) return isOccupant ? from : bare(from);
  if (recipient.toLowerCase() === from.toLowerCase()) return recipient;
  if (!isOccupant && resource(recipient) === "" && bare(recipient) === bare(from)) return recipient;
  return message.attrs.type === "error" && from.toLowerCase() === domain(recipient) ? recipient : undefined;
}
