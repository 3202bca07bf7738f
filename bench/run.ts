import { activities } from "./activities.ts";
import { connectionFigures } from "./connections.ts";
import { feeds } from "./feeds.ts";
import { type Figure, table } from "./figures.ts";
import { mails } from "./mail-delivery.ts";
import { submissions } from "./mail-submission.ts";
import { mailboxes } from "./mailboxes.ts";
import { proxies } from "./proxies.ts";
import { starts } from "./start.ts";
import { streams } from "./streams.ts";
import { hooks } from "./webhooks.ts";
import { xLimits } from "./x-rate-limits.ts";

/** The revision that `npm run bench start REVISION` compares with. */
const against = process.argv[2] === "start" ? process.argv.splice(3, 1)[0] : undefined;

const benches: Record<string, { readonly title: string; readonly run: () => Promise<readonly Figure[]> }> = {
  activities: { title: "Accept, lane, worker, event, stream (dummy platform, AOF always)", run: () => activities() },
  feeds: { title: "Feeds polled for all who follow them", run: () => feeds() },
  hooks: { title: "Webhooks from the event log to a receiver (AOF always)", run: () => hooks() },
  held: { title: "Chat accounts held by one worker (IRC, plaintext, AOF always)", run: () => connectionFigures() },
  mailboxes: { title: "A mailbox over IMAP IDLE (Dovecot, AOF always)", run: () => mailboxes() },
  mails: { title: "Mail from POST to result (AOF always)", run: () => mails() },
  submissions: { title: "Mail taken by SMTP while it is sent on (AOF always)", run: () => submissions() },
  proxies: { title: "An event through nginx, HAProxy and Apache, against one past them", run: () => proxies() },
  start: { title: "Start and rest, all platforms, private Redis (medians)", run: () => starts(against) },
  streams: { title: "Event streams", run: () => streams() },
  "x-limits": { title: "X: one account at its rate limit, another beside it (AOF always)", run: () => xLimits() },
};

const chosen = process.argv.slice(2);
if (chosen[0]?.startsWith("--")) {
  await import("./compare.ts");
  process.exit(0);
}
const unknown = chosen.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(", ")}; there are: ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
for (const [name, { title, run }] of Object.entries(benches)) {
  if (chosen.length === 0 || chosen.includes(name)) console.log(`${table(title, await run())}\n`);
}
