import { type ProblemCode, problems } from "../../routes/http/problem.ts";
import { settings } from "../../src/config/settings.ts";

/** What a client does about each refusal; the compiler asks for a line when a code joins. */
const CURES: Record<ProblemCode, string> = {
  "malformed-json": "Send JSON in UTF-8, without repeated keys, nested 32 deep at most.",
  "bad-parameter": "Correct the query parameter or header that `detail` names.",
  unauthenticated: "Send an API key or a listener token as `Authorization: Bearer …`; get a new one when it ended.",
  forbidden:
    "Use a key or token with that scope, actor, platform or verb; for a page, list its origin in `ALLOWED_ORIGINS`.",
  "not-found": "Check the path or the rid; finished rids are forgotten after 24 h. Things of other apps look the same.",
  "method-not-allowed": "Use a method that the `Allow` header lists.",
  "not-acceptable": "Accept `text/event-stream` or `application/json`.",
  "malformed-request":
    "Send well-formed HTTP/1.1: a right length, no blanks in header names. The connection is closed.",
  "request-timeout": "Send the head within 10 seconds and the whole request within 60.",
  "too-late": "It is being sent or has ended: `GET` the activity.",
  "hook-disabled": "`PUT` the hook to switch it on again; its `error` says why it went off.",
  "content-gone": "Post it anew, with its attachments, under another rid.",
  "payload-too-large": "Keep to 64 kB without attachments, 10 MiB of attachments; give larger ones by `url`.",
  "unsupported-media-type": "Send `Content-Type: application/json`, without `Content-Encoding`.",
  "validation-failed": "Correct what `errors[].pointer` points at.",
  "rid-reused": "Take a new rid for a new activity. To repeat one, send exactly the same body.",
  "platform-unknown": "`GET /platforms` lists the platforms of this gateway.",
  "verb-not-supported": "`detail` lists the verbs of the platform.",
  "account-unknown": "Store the actor's login with `PUT /accounts` first.",
  "recipient-not-reachable": "The network does not let us reach this address; nothing to retry.",
  "not-configured": "Tell the operator: the setting that `detail` names is missing.",
  "upgrade-required": "Open this path as a WebSocket.",
  "rate-limited": "Wait for `Retry-After` seconds, then send it again with the same rid.",
  "quota-exceeded": "Wait until some of the app's activities have ended; for accounts and hooks, delete some.",
  "headers-too-large": "Keep all headers under 16 KiB.",
  "internal-error": "Send it again with the same rid; if it stays, tell the operator.",
  overloaded: "Send it again with the same rid after `Retry-After` seconds.",
  "shutting-down": "Send it again with the same rid after `Retry-After` seconds.",
};

/** `error.code` in events, with its meaning for an app. */
export const EVENT_ERRORS: Readonly<Record<string, string>> = {
  "account-restricted": "The network has suspended or locked the account: sign in there and follow what it asks.",
  "account-unknown": "No login is stored for the actor (any more), and there is no relay.",
  "address-blocked": "The address leads into a private network, which the operator has not allowed.",
  "content-refused": "The other side refuses what the message contains, or an attachment could not be fetched.",
  "content-too-large": "The message, or an attachment behind a `url`, is larger than is taken.",
  "credentials-expired": "The stored OAuth2 grant has ended: store the account again.",
  "credentials-invalid": "The other side refuses the login: store the account again.",
  expired: "The lifetime ended before it could be sent.",
  "duplicate-content": "The account has said just this before. On a second try it counts as sent.",
  "internal-error": "Something broke on our side before anything left.",
  "nick-in-use": "Somebody else has that nick.",
  "not-in-room": "The account is not in that room: join it first.",
  "outcome-unknown":
    "It broke at the one moment in which nobody can tell whether it was taken. Never repeated by itself.",
  "outside-window": "So long after a person last wrote, the network lets nobody answer any more.",
  "permission-denied": "The other side does not let this sender send.",
  "platform-protocol-error": "The other side's answer makes no sense.",
  "platform-rate-limited": "The other side limits how much it takes.",
  "platform-rejected": "The other side refuses it, without a reason that we know.",
  "platform-timeout": "The other side did not answer in time.",
  "platform-unavailable": "The other side can't be reached, or asks to come back later.",
  "policy-refused": "The other side's rules forbid this recipient.",
  "recipient-not-reachable": "The recipient exists but takes nothing (full, closed, moved).",
  "recipient-unknown": "The other side knows no such recipient.",
  "room-refused": "The room does not let the account in or speak (key, invitation, ban, moderation).",
  "tls-failed": "No encryption that can be trusted; nothing was sent.",
  "usage-capped": "What the app may spend or use at the network is used up: raise it there.",
  "verb-not-supported": "The platform or verb is not there any more.",
};

const GENERATED = "<!-- Generated: `npx vitest run test/e2e/docs-tables.test.ts -u` writes it anew. -->";

/** docs/errors.md as it must be. */
export function errorsPage(): string {
  const rows = Object.entries(problems).map(
    ([code, [status, title]]) => `| ${status} | \`${code}\` | ${title} | ${CURES[code as ProblemCode]} |`,
  );
  const events = Object.entries(EVENT_ERRORS).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return `# Errors

${GENERATED}

Two kinds, told apart by when they come: a **refusal** answers a request and nothing was accepted; an **error in an
event** says why something that was accepted did not arrive.

## Refusals

RFC 9457 \`application/problem+json\`, the same on REST and, as \`{"type":"refused","rid":…,"problem":{…}}\`, on a WebSocket.
Decide by \`code\`, which is stable; show \`detail\` to a developer; \`errors[]\` holds JSON pointers into what was posted.
\`Retry-After\` is there where a retry helps, and with the same \`rid\` a retry is always safe. No answer repeats your input.

| status | code | title | what to do |
|---|---|---|---|
${rows.join("\n")}

An \`EventSource\` gets what passes by itself (limits, restarts, Redis away) as a \`goodbye\` event instead, since a browser
gives up at any status but 200: see [events](events.md#when-a-stream-ends).

## Errors in events

In \`result\` and \`status\` events, for the whole or for one target: \`{code, detail, retryable, platformCode?}\`.
\`platformCode\` is the other side's own code and words, such as \`550 5.1.1 User unknown\`. The gateway has retried what is
worth it by the time a \`result\` tells of it; \`retryable\` says whether posting it anew later may help.

| code | meaning |
|---|---|
${events.join("\n")}
`;
}

/** docs/settings.md as it must be. */
export function settingsPage(): string {
  const rows = Object.values(settings).map(
    ({ env, fallback, about }) =>
      `| \`${env}\` | ${fallback === "" ? "" : `\`${fallback}\``} | ${about.replaceAll("|", "\\|")} |`,
  );
  return `# Settings

${GENERATED}

Every setting is one environment variable, read once at start. A value that can't be used ends the start with exit code 78
and a sentence that names it. \`npx dragoman config\` shows this table with the values in force.

| variable | default | what for |
|---|---|---|
${rows.join("\n")}
`;
}
