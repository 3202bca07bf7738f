import { type ProblemCode, problems } from "../../routes/http/problem.ts";
import { settings } from "../../src/config/settings.ts";

/** Advice for each problem code; the compiler demands a line for every code. */
const CURES: Record<ProblemCode, string> = {
  "malformed-json": "Send JSON in UTF-8, without repeated keys, nested 32 deep at most.",
  "bad-parameter": "Correct the query parameter or header that `detail` names.",
  unauthenticated: "Send an API key or a listener token as `Authorization: Bearer …`; get a new one when it ended.",
  forbidden:
    "Use a key or token with that scope, actor, platform or verb; for a page, list its origin in `ALLOWED_ORIGINS`.",
  "not-found":
    "Check the path or the rid; finished rids are forgotten after 24 h. Objects of other apps also answer 404.",
  "method-not-allowed": "Use a method that the `Allow` header lists.",
  "not-acceptable":
    "Accept `text/event-stream`, `application/json`, `application/cloudevents-batch+json` or `application/activity+json`.",
  "malformed-request":
    "Send well-formed HTTP/1.1: a right length, no blanks in header names. The connection is closed.",
  "request-timeout": "Send the head within 10 seconds and the whole request within 60.",
  "too-late": "The activity is being sent or has ended: `GET` it.",
  "hook-disabled": "`PUT` the hook to switch it on again; its `error` says why it went off.",
  "content-gone": "Post it again, with its attachments, under another rid.",
  "payload-too-large": "Keep to 64 kB without attachments, and to 10 MiB of attachments, also by `url`.",
  "unsupported-media-type": "Send `Content-Type: application/json`, without `Content-Encoding`.",
  "validation-failed": "Correct what `errors[].pointer` points at.",
  "rid-reused": "Take a new rid for a new activity. To repeat one, send exactly the same body.",
  "platform-unknown": "`GET /platforms` lists the platforms of this gateway.",
  "verb-not-supported": "`detail` lists the verbs of the platform.",
  "account-unknown": "Store the actor's login with `PUT /accounts` first.",
  "recipient-not-reachable": "The network does not allow the gateway to reach this address; a retry does not help.",
  "not-configured": "Tell the operator: the setting that `detail` names is missing.",
  "upgrade-required": "Open this path as a WebSocket.",
  "rate-limited": "Wait for `Retry-After` seconds, then send it again with the same rid.",
  "quota-exceeded": "Wait until some of the app's activities have ended; for accounts and hooks, delete some.",
  "headers-too-large": "Keep all headers under 16 KiB.",
  "internal-error": "Send it again with the same rid; if it stays, tell the operator.",
  overloaded: "Send it again with the same rid after `Retry-After` seconds.",
  "shutting-down": "Send it again with the same rid after `Retry-After` seconds.",
};

/** Values of `error.code` in events, with their meaning for an app. */
export const EVENT_ERRORS: Readonly<Record<string, string>> = {
  "account-restricted": "The network has suspended or locked the account: sign in there and follow what it asks.",
  "account-unknown": "No login is stored for the actor (any more), and there is no relay.",
  "address-blocked": "The address is in a private network that the operator has not allowed.",
  "content-refused": "The network refuses the content, or an attachment could not be fetched.",
  "content-too-large": "The message, or an attachment given by `url`, is too large.",
  "credentials-expired": "The stored OAuth2 grant has ended: store the account again.",
  "credentials-invalid": "The network refuses the login: store the account again.",
  expired: "The lifetime ended before it could be sent.",
  "duplicate-content": "The account posted the same content before. On a second attempt it counts as sent.",
  "internal-error": "The gateway failed before anything was sent.",
  "nick-in-use": "Another person uses that nick.",
  "not-in-room": "The account is not in that room: join it first.",
  "outcome-unknown":
    "The connection broke after the message was sent and before it was confirmed. It is not re-sent automatically.",
  "outside-window": "The network's time window for answering this person has ended.",
  "permission-denied": "The network does not allow this sender to send.",
  "platform-protocol-error": "The network's answer could not be understood.",
  "platform-rate-limited": "The network limits the rate.",
  "platform-rejected": "The network rejects it for a reason that the gateway does not recognise; see `platformCode`.",
  "platform-timeout": "The network did not answer in time.",
  "platform-unavailable": "The network cannot be reached, or asks to try again later.",
  "policy-refused": "The network's policy forbids this recipient or content.",
  "recipient-not-reachable": "The recipient exists but cannot receive (full, closed, moved).",
  "recipient-unknown": "The network knows no such recipient.",
  "room-refused": "The room does not admit the account or let it speak (password, invitation, ban, moderation).",
  suppressed:
    "The address is on the app's [suppression list](suppressions.md): it bounced for good, complained, or was added.",
  "tls-failed": "The server offers no trusted encryption; nothing was sent.",
  "usage-capped": "The app's quota at the network is used up: raise it there.",
  "verb-not-supported": "The platform or verb is no longer available.",
};

export const GENERATED = "<!-- Generated: `npx vitest run test/e2e/docs-tables.test.ts -u` writes it anew. -->";

/** Renders docs/errors.md. */
export function errorsPage(): string {
  const rows = Object.entries(problems).map(
    ([code, [status, title]]) => `| ${status} | \`${code}\` | ${title} | ${CURES[code as ProblemCode]} |`,
  );
  const events = Object.entries(EVENT_ERRORS).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  return `# Errors

${GENERATED}

There are two kinds. A **refusal** answers a request: nothing was accepted. An **error in an event** says why an accepted
activity did not succeed.

## Refusals

RFC 9457 \`application/problem+json\`, the same on REST and, as \`{"type":"refused","rid":…,"problem":{…}}\`, on a WebSocket.
Programs read \`code\`, which is stable; \`detail\` is for developers; \`errors[]\` holds JSON pointers into what was posted.
\`Retry-After\` is present where a retry helps; a retry with the same \`rid\` is always safe. No answer repeats a value of the input.

| status | code | title | what to do |
|---|---|---|---|
${rows.join("\n")}

An \`EventSource\` gets temporary conditions (limits, restarts, Redis unavailable) as a \`goodbye\` event instead, since
browsers stop at any status but 200: see [events](events.md#when-a-stream-ends).

## Errors in events

In \`result\` and \`status\` events, for the whole or for one target: \`{code, detail, retryable, platformCode?}\`.
\`platformCode\` is the network's own code and text, such as \`550 5.1.1 User unknown\`. The gateway has retried by
the time of the \`result\`; \`retryable\` says whether posting again later may help.

| code | meaning |
|---|---|
${events.join("\n")}
`;
}

/** Renders docs/settings.md. */
export function settingsPage(): string {
  const rows = Object.values(settings).map(
    ({ env, fallback, about }) =>
      `| \`${env}\` | ${fallback === "" ? "" : `\`${fallback}\``} | ${about.replaceAll("|", "\\|")} |`,
  );
  return `# Settings

${GENERATED}

Every setting is one environment variable, read once at start. A value that can't be used ends the start with exit code 78
and a sentence that names it. \`node bin/dragoman.mjs config\` shows this table with the values in force.

| variable | default | what for |
|---|---|---|
${rows.join("\n")}
`;
}
