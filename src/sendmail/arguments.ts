import { EXIT, SendmailError } from "./exit-codes.ts";

/** What sendmail was asked to do. */
export interface Wanted {
  /** Work to do: `send` a mail, speak `smtp`, `flush` the spool, or `list` it. */
  readonly mode: "send" | "smtp" | "flush" | "list";
  /** `-t`: the recipients are in the mail's fields. */
  readonly fromFields: boolean;
  /** `-i`: a line with a single dot does not end the mail. */
  readonly ignoresDots: boolean;
  readonly sender: string | undefined;
  readonly senderName: string | undefined;
  readonly recipients: readonly string[];
}

/** Options that have a value, in the same word or the next. */
const VALUED = "fFrBNRVLoOpXhMCdm";
const MODES: Readonly<Record<string, Wanted["mode"]>> = { m: "send", s: "smtp", p: "list" };

/** Reads sendmail's options. Those that mean nothing here are taken and ignored. Throws `SendmailError`. */
export function wantedBy(words: readonly string[]): Wanted {
  let wanted: Wanted = {
    mode: "send",
    fromFields: false,
    ignoresDots: false,
    sender: undefined,
    senderName: undefined,
    recipients: [],
  };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") return { ...wanted, recipients: [...wanted.recipients, ...words.slice(at + 1)] };
    if (!word.startsWith("-") || word === "-") {
      wanted = { ...wanted, recipients: [...wanted.recipients, word] };
      continue;
    }
    const letter = word[1] ?? "";
    const needsNext = VALUED.includes(letter) && word.length === 2;
    if (needsNext) at++;
    const value = needsNext ? words[at] : word.slice(2);
    if (value === undefined) throw new SendmailError(EXIT.usage, `-${letter} needs a value`);
    wanted = { ...wanted, ...optionOf(letter, value) };
  }
  return wanted;
}

function optionOf(letter: string, value: string): Partial<Wanted> {
  if (letter === "t") return { fromFields: true, ...(value.includes("i") ? { ignoresDots: true } : {}) };
  if (letter === "i" || (letter === "o" && value.startsWith("i"))) return { ignoresDots: true };
  if (letter === "f" || letter === "r") return { sender: value.replace(/^<|>$/g, "") };
  if (letter === "F") return { senderName: value };
  if (letter === "q") return { mode: "flush" };
  if (letter !== "b") return {};
  const mode = MODES[value];
  if (mode === undefined) throw new SendmailError(EXIT.usage, `-b${value} is not supported`);
  return { mode };
}
