import { Refusal, type RefusalCode } from "../model/refusal.ts";

/** Refusal by SMTP. Its words begin with an enhanced status code (RFC 3463). */
export class SmtpRefusal extends Error {
  readonly responseCode: number;

  constructor(responseCode: number, words: string) {
    super(words);
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

/** The reply to what submitting threw. What is not known to be the sender's fault may come again. */
export function smtpRefusal(error: unknown): SmtpRefusal {
  if (error instanceof SmtpRefusal) return error;
  if (!(error instanceof Refusal))
    return new SmtpRefusal(451, "4.3.0 The gateway can't store it right now; come back later");
  const passing = PASSING[error.code];
  if (passing !== undefined) return new SmtpRefusal(451, `${passing} ${line(error.message)}`);
  return new SmtpRefusal(550, `${LASTING[error.code] ?? "5.6.0"} ${line(error.message)}`);
}

/** A reply is a line of ASCII. */
function line(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, 400);
}
