import type { IrcMessage } from "irc-framework";

/** Facts of a connection error that `classifyError` reads. */
export interface CodedErrorFacts {
  /** Numeric by which the server refused, three digits or FAIL. */
  readonly numeric?: string;
  /** The server's own text, cleaned. */
  readonly serverText?: string;
  readonly cause?: unknown;
}

/** Creates an error with a code of Node or one that begins with `IRC_`. */
export function codedError(code: string, message: string, { cause, ...facts }: CodedErrorFacts = {}): Error {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code, ...facts });
}

/** Makes the error of a refusal. `secrets` are masked: a hostile server may repeat received passwords. */
export function refusalError(message: IrcMessage, secrets: Iterable<string>): Error {
  const serverText = clean(message.params.at(-1) ?? "", secrets);
  return codedError("IRC_NUMERIC", "The server refused", { numeric: message.command, serverText });
}

/** Makes the error of a server that sends ERROR before closing the connection. */
export function closingError(message: IrcMessage, secrets: Iterable<string>): Error {
  const serverText = clean(message.params.at(-1) ?? "", secrets);
  return codedError("IRC_ERROR", "The server ended the connection", { serverText });
}

function clean(serverText: string, secrets: Iterable<string>): string {
  let text = serverText;
  for (const secret of secrets) if (secret.length > 3) text = text.replaceAll(secret, "***");
  return text.replace(/\p{Cc}/gu, "").slice(0, 200);
}

/** Returns whether a message is an error numeric, or FAIL of the standard replies. */
export function isRefusal({ command }: IrcMessage): boolean {
  return command === "FAIL" || (/^[45]\d\d$/.test(command) && command !== "422") || OTHER_REFUSALS.has(command);
}

/** Refusals outside 400 to 599: "try again", "too fast" and the private-message filters. */
const OTHER_REFUSALS = new Set(["263", "716", "723", "742", "972", "974"]);

/**
 * Returns whether a refusal names a word of the given lines, or nothing at all. Servers may send
 * refusals of other matters between a command and its PONG. Names may come back cut off.
 */
export function concerns({ command, params }: IrcMessage, lines: readonly string[]): boolean {
  const subjects = (command === "FAIL" ? params.slice(0, 1) : params.slice(1, -1)).map((name) => name.toLowerCase());
  if (subjects.length === 0) return true;
  const parameters = lines.flatMap((line) => (line.split(" :", 1)[0] ?? "").toLowerCase().split(/[ ,]/));
  return subjects.some((subject) =>
    parameters.some((parameter) => parameter === subject || (subject !== "" && parameter.startsWith(subject))),
  );
}
