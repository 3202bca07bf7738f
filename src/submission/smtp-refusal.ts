import { Refusal, type RefusalCode } from "../model/refusal.ts";

/** Refusal by SMTP. The message begins with an enhanced status code (RFC 3463). */
export class SmtpRefusal extends Error {
  readonly responseCode: number;

  constructor(responseCode: number, message: string) {
    super(message);
    this.name = "SmtpRefusal";
    this.responseCode = responseCode;
  }
}

/** Refusals after which the same mail may be taken. All others are for good. */
const PASSING: Partial<Record<RefusalCode, string>> = {
  overloaded: "4.3.2",
  "quota-exceeded": "4.2.2",
  "rate-limited": "4.7.28",
  "shutting-down": "4.3.2",
};
const LASTING: Partial<Record<RefusalCode, string>> = {
  "account-unknown": "5.1.8",
  forbidden: "5.7.1",
  "payload-too-large": "5.3.4",
  "platform-unknown": "5.1.2",
  "recipient-not-reachable": "5.1.1",
};

/** Tells whether the same mail may be taken later. */
export function isPassing({ code }: Refusal): boolean {
  return code in PASSING;
}

/** Makes the reply to an error of submitting. Errors that are not the sender's fault are temporary refusals. */
export function smtpRefusal(error: unknown): SmtpRefusal {
  if (error instanceof SmtpRefusal) return error;
  if (!(error instanceof Refusal))
    return new SmtpRefusal(451, "4.3.0 The gateway can't store it right now; come back later");
  const passing = PASSING[error.code];
  if (passing !== undefined) return new SmtpRefusal(451, `${passing} ${line(error.message)}`);
  return new SmtpRefusal(550, `${LASTING[error.code] ?? "5.6.0"} ${line(error.message)}`);
}

/** Reduces a text to a line of printable ASCII, as replies are. */
function line(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, 400);
}
