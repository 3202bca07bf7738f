/** Time limits of the stages of an SMTP connection, in ms. */
export interface SmtpTimeouts {
  readonly connect: number;
  readonly greeting: number;
  readonly command: number;
  /** Answer to the final dot; RFC 5321 section 4.5.3.2.6 gives servers ten minutes. */
  readonly dot: number;
}
export const SMTP_TIMEOUTS: SmtpTimeouts = { connect: 30_000, greeting: 30_000, command: 120_000, dot: 600_000 };
