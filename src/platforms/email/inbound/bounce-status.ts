import type { BouncedRecipient } from "./bounce.ts";

const STATUS = /(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])/g;
/** Codes that name no reason (RFC 3463): "other or undefined", of any subject. */
const UNDEFINED = /^[245]\.(\d{1,3}\.0|0\.\d{1,3})$/;

/** Phrases of servers without status codes, and the code (RFC 3463) that says the same. The first that fits counts. */
const PHRASES: ReadonlyArray<readonly [pattern: RegExp, status: string]> = [
  [
    /(mailbox|inbox|quota|mail ?folder)[^.\n]{0,60}(full|exceed)|over (the )?(\w{1,20} )?quota|(storage|disk) (space |quota )?exceeded|out of storage|exceeded the local limit|too many messages on/i,
    "5.2.2",
  ],
  [
    /(message|mail) (is )?too (large|big)|(message|mail) size|size (limit|exceed)|exceed\w{0,5}[^.\n]{0,40}size/i,
    "5.3.4",
  ],
  [
    /(user|rcpt|recipient|mailbox|account|address|alias|group)[^.\n]{0,60}(unknown|may not exist|not listed in|not found|no such|unavailable|does(n.t| not) (exist|have)|do(n.t| not) have|no longer|invalid|not (exist|recogni[sz]ed|listed|known))|(unknown|invalid|bad|no such) (user|recipient|address|mailbox|local|person|account)|not a (known|registered|valid)[^.\n]{0,20} (user|recipient|mailbox|address)|no (such )?mail ?box|no mail box|no valid recipients|bad_recipient|invalid[^.\n]{0,30}userid|malformed address|(could ?n.t|was ?n.t|not) (be )?found in|(couldn.t|wasn.t) (be )?found/i,
    "5.1.1",
  ],
  [
    /(disabled|deactivated|suspended|inactive) (account|mailbox|user)|(account|mailbox|user)(\(s\))?[^.\n]{0,40}(disabled|inactive|suspended|locked|frozen|blocked|deactivated|over ?drawn|expired)/i,
    "5.2.1",
  ],
  [
    /(host|domain)( name)?[^.\n]{0,60}(not (found|reachable)|unknown|unrouteable|does ?n.t exist|no such)|unrouteable|no such (domain|host)|no mx|nxdomain|name service error|name or service not known|dns (error|lookup fail)|no smtp service/i,
    "5.1.2",
  ],
  [/routing loop|hop count|too many hops|mail loop/i, "5.4.6"],
  [/virus|malware|infected/i, "5.7.1"],
  [/spam|junk|blacklist|black list|blocklist|block list|\bdnsbl\b|\brbl\b|reputation|blocked/i, "5.7.1"],
  [
    /\bdmarc\b|\bspf\b|\bdkim\b|polic(y|ies)|not (allowed|authori[sz]ed|permitted)|denied|relay|unauthenticated|reverse dns|\bptr\b|frequency limit|rate limit|too many (recipients|connections)|(invalid|mismatches client) ip|smtp auth|not verified|requires confirmation/i,
    "5.7.1",
  ],
  [/recipient[^.\n]{0,60}rejected|address rejected|rejected address/i, "5.1.1"],
  [
    /timed? ?out|timeout|expired|too long|long time|retry time|multiple retries|give up|giving up|attempts|did not accept our requests/i,
    "4.4.7",
  ],
  [/not accepting|service (currently )?(un|not )available|not reachable|unreachable/i, "5.3.2"],
];

/**
 * Returns a recipient's status code. The field's, unless that names no reason; else the code in the server's text, else that
 * of the text's phrases.
 */
export function statusOf(field: string, text: string): string | undefined {
  const [written] = codesIn(field);
  return isReason(written) ? written : (statusInText(text) ?? written);
}

/** Tells whether a status code names a reason. */
export function isReason(status: string | undefined): boolean {
  return status !== undefined && !UNDEFINED.test(status);
}

/** Returns the status code of a server's text. A written code, or the code of its phrases where the code names no reason. */
export function statusInText(text: string): string | undefined {
  const excerpt = text.slice(0, 2_000);
  const codes = codesIn(excerpt);
  const code = codes.find(isReason);
  return code ?? phraseStatus(excerpt) ?? codes[0];
}

/** Returns the code that says the same as the text's phrases; undefined for none. */
export function phraseStatus(text: string): string | undefined {
  // Addresses and names with dots stand between the words of a phrase.
  const words = text
    .slice(0, 2_000)
    .replace(/[^\s<>@"']{1,64}@[^\s<>@"')\]]{1,255}/g, "")
    .replace(/\.(?=\w)/g, " ");
  return PHRASES.find(([pattern]) => pattern.test(words))?.[1];
}

/** Returns the status codes that are written in a text. */
export function codesIn(text: string): readonly string[] {
  return [...` ${text}`.matchAll(STATUS)].flatMap(([, code]) => code ?? []);
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
