import type { ParsedMail } from "mailparser";
import type { SMTPServerSession } from "smtp-server";
import type { DsnRecipient, DsnRequest } from "../model/dsn-request.ts";
import { isNetworkDomain } from "./recipients.ts";

/** Terms of MAIL and RCPT about notifications (RFC 3461). The library has decoded them and refused control characters. */
export interface DsnTerms {
  readonly envelopeId?: string;
  /** By address as RCPT names it. */
  readonly recipients: ReadonlyMap<string, RecipientTerms>;
}

interface RecipientTerms {
  readonly original?: string;
  /** Undefined where RCPT has no NOTIFY, which means FAILURE. */
  readonly notify?: readonly string[];
}

/** Fields that a notification gives back, and their longest form. */
const FIELDS = new Set(["from", "to", "cc", "subject", "date", "message-id"]);
const MAX_FIELD = 2_000;

/** Reads the terms of a transaction. */
export function dsnTerms({ dsn, rcptTo }: SMTPServerSession["envelope"]): DsnTerms {
  const terms = rcptTo.map(({ address, dsn: { orcpt, notify } = {} }) => [
    address,
    { ...(orcpt === undefined ? {} : { original: orcpt }), ...(notify === undefined ? {} : { notify }) },
  ]);
  const envelopeId = dsn?.envid ?? undefined;
  return {
    ...(envelopeId === undefined ? {} : { envelopeId }),
    recipients: new Map(terms as Array<[string, RecipientTerms]>),
  };
}

/** Mail with a sender to notify. Senders in the networks' domain are not notified. */
export interface DsnContext {
  readonly mail: Pick<ParsedMail, "headerLines">;
  readonly envelope: { readonly from: string; readonly dsn: DsnTerms };
  readonly domain: string;
}

/** Makes the request that is kept with an activity. Undefined without a sender, or without recipients that want a notification. */
export function dsnRequest(
  { mail, envelope, domain }: DsnContext,
  targets: ReadonlyArray<Pick<DsnRecipient, "mailbox" | "address">>,
): DsnRequest | undefined {
  const { from, dsn } = envelope;
  if (from === "" || isNetworkDomain(from, domain)) return undefined;
  const recipients = targets.flatMap((target): DsnRecipient[] => {
    const { original, notify = ["FAILURE"] } = dsn.recipients.get(target.mailbox) ?? {};
    const when = { onFailure: notify.includes("FAILURE"), onSuccess: notify.includes("SUCCESS") };
    if (!when.onFailure && !when.onSuccess) return [];
    return [{ ...target, ...(original === undefined ? {} : { original }), ...when }];
  });
  if (recipients.length === 0) return undefined;
  const fields = mail.headerLines.filter(({ key }) => FIELDS.has(key)).map(({ line }) => line.slice(0, MAX_FIELD));
  return {
    to: from,
    ...(dsn.envelopeId === undefined ? {} : { envelopeId: dsn.envelopeId }),
    recipients,
    fields,
  };
}
