/** Exit codes of `sysexits.h`, as callers of sendmail know them. */
export const EXIT = {
  ok: 0,
  usage: 64,
  dataError: 65,
  noInput: 66,
  noUser: 67,
  cantCreate: 73,
  tempFail: 75,
  config: 78,
} as const;

/** An end with one of those codes, and the words for standard error. */
export class SendmailError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, words: string) {
    super(words);
    this.name = "SendmailError";
    this.exitCode = exitCode;
  }
}
