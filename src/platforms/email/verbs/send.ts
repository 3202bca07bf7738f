import type { Failure } from "../../../model/failure.ts";
import {
  type ActivityOf,
  type Outcome,
  outcomeOf,
  type Receipt,
  type VerbContext,
} from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import type { OutgoingMail, SendResult } from "../client/smtp/connection.ts";
import { classifyError, hasReply, outcomeUnknown } from "../errors.ts";
import { RECEIPT_TTL_SECONDS } from "../inbound/delivery-reports.ts";
import { wireAddress } from "../schemas/address.ts";
import type { SendSchema } from "../schemas/message.ts";
import { compose, messageIdOf } from "./compose.ts";
import { isDeliveryReport } from "./delivery-report.ts";

/**
 * Sends a message to all pending targets in a single SMTP transaction. Throws a `Failure` when all targets share the outcome,
 * with `mayHaveLanded` for a break between the final dot and the server's reply.
 */
export async function send(
  client: Client,
  activity: ActivityOf<typeof SendSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const { dsn = false } = activity.object;
  const { mailDomain, returnPath } = client.senderDefaults;
  const recipients = context.pending.map((index) => {
    const address = activity.target[index]?.address ?? "";
    return { address, wire: wireAddress(address) ?? "" };
  });
  const blobs = await context.attachments();
  // Variable envelope return path: the address itself tells which mail a report is about.
  const sender = returnPath?.replace("{id}", activity.id) ?? wireAddress(activity.actor.address) ?? "";
  const mail: OutgoingMail = {
    // Nobody is to be told that a report could not be delivered (RFC 3464 section 2).
    from: isDeliveryReport(activity.object, blobs) ? "" : sender,
    to: [...new Set(recipients.map(({ wire }) => wire))],
    message: await compose(activity, blobs, client.senderDefaults),
    ...(dsn ? { dsn: { ret: "HDRS", envid: activity.id, notify: ["SUCCESS", "FAILURE", "DELAY"] } } : {}),
    // Delivery reports arrive in the mailbox, from where they find the rid.
    commit: () => context.commit(client.mailbox ? { receiptTtlSeconds: RECEIPT_TTL_SECONDS } : {}),
    signal: context.signal,
  };
  const result = await client.send(mail).catch((thrown: unknown) => {
    throw classifyError(thrown, client.secrets);
  });
  if (result.notCommitted) throw result.notCommitted.thrown;
  const id = result.info?.serverMessageId ?? messageIdOf(activity, mailDomain);
  if (client.mailbox && result.info?.serverMessageId !== undefined) await addReceiptId(context, id);
  const failure = transactionFailure(result, client);
  if (failure && result.refusals.size === 0) throw failure;
  const outcomes = recipients.map(({ address, wire }): Outcome => {
    const refusal = result.refusals.get(wire);
    if (refusal !== undefined) return outcomeOf(address, classifyError(refusal, client.secrets));
    return failure ? outcomeOf(address, failure) : { address, status: "sent", id };
  });
  return {
    outcomes,
    object: { id, ...(dsn ? { dsn: hasExtension(result, "DSN") } : {}), email: { tls: result.secure } },
  };
}

/** Stores the Message-ID that the server gave the mail: its delivery reports name no other. */
async function addReceiptId(context: VerbContext, id: string): Promise<void> {
  try {
    await context.addReceiptId(id, RECEIPT_TTL_SECONDS);
  } catch (err) {
    // The mail is sent all the same.
    context.log.warn({ err }, "Message-ID of the server could not be stored; delivery reports may not be assigned");
  }
}

function transactionFailure({ error, stage }: SendResult, { secrets }: Client): Failure | undefined {
  if (error === undefined) return undefined;
  return stage === "dot" && !hasReply(error) ? outcomeUnknown(error) : classifyError(error, secrets);
}

function hasExtension({ info }: SendResult, extension: string): boolean {
  return (info?.ehlo ?? []).some((line) => line.toUpperCase().split(" ")[0] === extension);
}
