import type { BouncedRecipient } from "./bounce.ts";

const STATUS = /(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])/;

/** Phrases of servers without status codes, and the code (RFC 3463) that says the same. */
const PHRASES: ReadonlyArray<readonly [pattern: RegExp, status: string]> = [
  [
    /(mailbox|inbox|quota)[^.\n]{0,40}(full|exceed)|over (the )?(\w{1,20} )?quota|storage (space )?exceeded|out of storage/i,
    "5.2.2",
  ],
  [/(message|mail) (is )?too (large|big)|size (limit|exceed)|exceed\w{0,5}[^.\n]{0,40}size/i, "5.3.4"],
  [/spam|junk|blacklist|black list|blocklist|block list|\bdnsbl\b|\brbl\b|reputation|blocked/i, "5.7.1"],
  [/\bdmarc\b|\bspf\b|\bdkim\b|policy|not allowed|not authori[sz]ed|denied|relay/i, "5.7.1"],
  [/(account|mailbox|user)[^.\n]{0,40}(disabled|inactive|suspended|locked)/i, "5.2.1"],
  [
    /(host|domain)[^.\n]{0,60}(not found|unknown|unrouteable|does ?n.t exist|no such)|unrouteable|no mx|name service error|dns error/i,
    "5.1.2",
  ],
  [
    /(user|recipient|mailbox|account|address|alias)[^.\n]{0,60}(unknown|not found|unavailable|does(n.t| not) exist|no longer|invalid|rejected|not exist)|unknown (user|recipient|address|mailbox|local)|no such (user|recipient|mailbox|address|person)|(invalid|bad) (recipient|mailbox|address)|couldn.t be found|wasn.t found/i,
    "5.1.1",
  ],
  [/timed? ?out|timeout|expired|too long|retry time/i, "4.4.7"],
];

/** Returns a recipient's status code. The field's, else the code in the server's text, else that of the text's phrases. */
export function statusOf(field: string, text: string): string | undefined {
  return STATUS.exec(` ${field}`)?.[1] ?? statusInText(text);
}

/** Returns the status code of a server's text. A written code, or the code of its phrases. */
export function statusInText(text: string): string | undefined {
  const excerpt = text.slice(0, 2_000);
  return STATUS.exec(` ${excerpt}`)?.[1] ?? PHRASES.find(([pattern]) => pattern.test(excerpt))?.[1];
}

const ACTIONS = ["delivered", "relayed", "expanded", "delayed", "failed"] as const;

/** Returns the action of a recipient's group; unknown words are judged by the status code. */
export function actionOf(field: string, status: string | undefined): BouncedRecipient["action"] | undefined {
  const word = /^\s*([a-z]+)/i.exec(field)?.[1]?.toLowerCase();
  const action = ACTIONS.find((name) => name === word);
  if (action) return action;
  if (word !== undefined && /^(fail|expire|bounce|undeliver|reject)/.test(word)) return "failed";
  if (status?.startsWith("5")) return "failed";
  return status?.startsWith("4") ? "delayed" : undefined;
}
