import type { IrcMessage } from "irc-framework";

/** What went wrong on a connection, in a form that `explain` understands. */
export interface FaultWords {
  /** The three digits with which the server refused. */
  readonly numeric?: string;
  /** The server's own words, clean. */
  readonly words?: string;
  readonly cause?: unknown;
}

/** An error of this platform; `code` is one of Node's or one that begins with `IRC_`. */
export function fault(code: string, sentence: string, { cause, ...more }: FaultWords = {}): Error {
  return Object.assign(new Error(sentence, cause === undefined ? undefined : { cause }), { code, ...more });
}

/** The fault that a server's refusal is; `secrets` are blotted out, since a hostile server may repeat what it was sent. */
export function refusalFault(message: IrcMessage, secrets: Iterable<string>): Error {
  const numeric = message.command;
  return fault("IRC_NUMERIC", "The server refused", { numeric, words: clean(message.params.at(-1) ?? "", secrets) });
}

/** The fault of a server that says ERROR before it hangs up. */
export function goodbyeFault(message: IrcMessage, secrets: Iterable<string>): Error {
  return fault("IRC_ERROR", "The server ended the connection", { words: clean(message.params.at(-1) ?? "", secrets) });
}

function clean(words: string, secrets: Iterable<string>): string {
  let text = words;
  for (const secret of secrets) if (secret.length > 3) text = text.replaceAll(secret, "***");
  return text.replace(/\p{Cc}/gu, "").slice(0, 200);
}

/** Whether a message says that a command failed: an error numeric, or FAIL of the standard replies. */
export function isRefusal({ command }: IrcMessage): boolean {
  return command === "FAIL" || (/^[45]\d\d$/.test(command) && command !== "422") || OTHERS.has(command);
}

/** Refusals outside 400 to 599: "try again", "too fast" and the private-message filters. */
const OTHERS = new Set(["263", "716", "723", "742", "972", "974"]);
