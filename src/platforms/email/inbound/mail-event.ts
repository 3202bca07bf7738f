import type { InboundEvent } from "../../../platform/platform.ts";
import type { InboundMail } from "../schemas/inbound-mail.ts";

/** Details of a mail's arrival beyond the mail itself. */
export interface ArrivalDetails {
  /** The network's own id of the mail: an account gets each mail only once. */
  readonly key: string;
  /** The account's address as stored. */
  readonly account: string;
  /** Time of arrival, as far as the server tells; replaces a missing or future date. */
  readonly received?: Date;
  readonly state?: InboundEvent["state"];
}

/** Turns a mail into the inbound event for the account. */
export function inboundMailEvent(
  mail: InboundMail,
  { key, account, received = new Date(), state }: ArrivalDetails,
): InboundEvent {
  const { actor, object, context, date } = mail;
  const ownAddress = account.toLowerCase();
  const recipient = (["to", "cc"] as const)
    .flatMap((field) => (object[field] ?? []).map((person) => ({ ...person, field })))
    .find(({ address }) => address.toLowerCase() === ownAddress);
  const isPlausible = date !== undefined && Date.parse(date) < received.getTime() + 86_400_000;
  return {
    key,
    event: {
      platform: "email",
      verb: "send",
      actor,
      target: [{ ...recipient, address: account }],
      object: { ...object },
      ...(context === undefined ? {} : { context: { ...context } }),
      ...(object.id === undefined ? {} : { id: object.id }),
      published: isPlausible ? date : received.toISOString(),
      ...(actor.address.toLowerCase() === ownAddress ? { self: true } : {}),
    },
    ...(state === undefined ? {} : { state }),
  };
}
