import type { Activity } from "../../../model/activity.ts";
import type { Failure } from "../../../model/failure.ts";
import {
  type Outcome,
  outcomeOf,
  type Receipt,
  type ValidationIssue,
  type VerbContext,
} from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import type { OutgoingMail, SendResult } from "../client/smtp/connection.ts";
import { classifyError, hasReply, outcomeUnknown } from "../errors.ts";
import { RECEIPT_TTL_SECONDS } from "../inbound/delivery-reports.ts";
import { wireAddress } from "../schemas/address.ts";
import type { MessageObject } from "../schemas/message.ts";
import { compose, messageIdOf } from "./compose.ts";

/**
 * Sends one message to all targets that are still undecided, in one SMTP transaction. Throws a `Failure` when the same
 * became of all of them, `mayHaveLanded` for a break between the final dot and the server's word on it.
 */
export async function send(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { dsn = false } = activity.object as MessageObject;
  const pending = context.pending.map((index) => {
    const address = activity.target[index]?.address ?? "";
    return { address, wire: wireAddress(address) ?? "" };
  });
  const letter: OutgoingMail = {
    from: wireAddress(activity.actor.address) ?? "",
    to: [...new Set(pending.map(({ wire }) => wire))],
    bytes: await compose(activity, await context.attachments(), client.senderDefaults),
    ...(dsn ? { dsn: { ret: "HDRS", envid: activity.id, notify: ["SUCCESS", "FAILURE", "DELAY"] } } : {}),
    // Delivery reports come into the mailbox, and so to the rid.
    commit: () => context.commit(client.mailbox ? { receiptTtlSeconds: RECEIPT_TTL_SECONDS } : {}),
    signal: context.signal,
  };
  const posted = await client.send(letter).catch((thrown: unknown) => {
    throw classifyError(thrown, client.secrets);
  });
  if (posted.notCommitted) throw posted.notCommitted.thrown;
  const id = posted.info?.serverMessageId ?? messageIdOf(activity, client.senderDefaults.mailDomain);
  const whole = wholeFailure(posted, client);
  if (whole && posted.refusals.size === 0) throw whole;
  const outcomes = pending.map(({ address, wire }): Outcome => {
    const refusal = posted.refusals.get(wire);
    if (refusal !== undefined) return outcomeOf(address, classifyError(refusal, client.secrets));
    return whole ? outcomeOf(address, whole) : { address, status: "sent", id };
  });
  return { outcomes, object: { id, tls: posted.secure, ...(dsn ? { dsn: offered(posted, "DSN") } : {}) } };
}

function wholeFailure({ error, stage }: SendResult, { secrets }: Client): Failure | undefined {
  if (error === undefined) return undefined;
  return stage === "dot" && !hasReply(error) ? outcomeUnknown(error) : classifyError(error, secrets);
}

function offered({ info }: SendResult, extension: string): boolean {
  return (info?.ehlo ?? []).some((line) => line.toUpperCase().split(" ")[0] === extension);
}

/** Refuses addresses that the schema's pattern lets through but that no mail server could be given. */
export function validate(
  _verb: string,
  { actor, target, object }: Omit<Activity, "id" | "rid">,
): ValidationIssue | undefined {
  const { replyTo = [] } = object as MessageObject;
  const places = [
    { pointer: "/actor/address", address: actor.address },
    ...target.map(({ address }, index) => ({ pointer: `/target/${index}/address`, address })),
    ...[replyTo].flat().map(({ address }) => ({ pointer: "/object/replyTo", address })),
  ];
  const bad = places.find(({ address }) => wireAddress(address) === undefined);
  if (!bad) return undefined;
  const detail = "is no mail address: its domain must be a name, and its parts not longer than 64 and 253 characters";
  return { code: "validation-failed", detail, pointer: bad.pointer };
}
