/** Request for delivery status notifications on a mail that an app submitted (DSN, RFC 3461). */
export interface DsnRequest {
  /** Envelope sender of the mail, never empty: notifications go there. */
  readonly to: string;
  /** ENVID of the submitting program. */
  readonly envelopeId?: string;
  /** Those about whom a notification may be due. */
  readonly recipients: readonly DsnRecipient[];
  /** Header fields of the mail that a notification gives back. */
  readonly fields: readonly string[];
}

/** Recipient of a submitted mail, and when to notify. */
export interface DsnRecipient {
  /** Address of RCPT. */
  readonly mailbox: string;
  /** Address of the activity's target. */
  readonly address: string;
  /** ORCPT: type and address as the submitting program knew them. */
  readonly original?: string;
  readonly onFailure: boolean;
  readonly onSuccess: boolean;
}
