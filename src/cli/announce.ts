import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";
import { firstAppKeyPath } from "../apps/first-app.ts";
import type { Config } from "../config/settings.ts";
import { LINK_SECONDS } from "../console/console-sessions.ts";
import type { Running } from "../main.ts";
import { isSandboxEnabled } from "../sandbox/sandbox-enabled.ts";
import { commandName } from "./command-name.ts";
import { consoleLink } from "./console.ts";

/** Prints the addresses and first commands after the start. A worker prints nothing. */
export function announce(config: Config, running: Running): void {
  if (running.address === undefined) return;
  const { basePath } = config;
  console.log(`Dragoman listens on ${running.address}${basePath}`);
  if (running.firstKey !== undefined) {
    console.log(`First app's API key: ${running.firstKey}`);
    console.log(
      `It is kept in ${firstAppKeyPath(config.dataDir)}; more keys: ${commandName(process.argv[1] ?? "dragoman", process.cwd())} app create NAME`,
    );
  }
  if (isSandboxEnabled(config))
    console.log(
      "No SMTP_URL set: test mode. Mail is caught by a built-in mailbox and returned as events; nothing is delivered.",
    );
  if (!running.address.startsWith("http:")) return;
  if (running.signInLink !== undefined)
    console.log(`
Open the web console in a browser (the link signs in once, within ${LINK_SECONDS / 60} minutes):
  ${consoleLink(running.address + basePath, running.signInLink)}`);
  console.log(tryLines(running.address + basePath, keyIn(config, running), fragment(config, running)));
}

/** How commands name the key. As it is when it was made just now, else by its file, so that logs don't collect it. */
function keyIn({ dataDir }: Config, { firstKey }: Running): string {
  if (firstKey !== undefined) return firstKey;
  const file = firstAppKeyPath(dataDir);
  return existsSync(file) ? `$(cat '${relativeTo(file)}')` : "YOUR_API_KEY";
}

/** What opens the page already connected. A terminal may show the key again, a log may not. */
function fragment({ dataDir }: Config, { firstKey }: Running): string {
  const file = firstAppKeyPath(dataDir);
  const kept = process.stdout.isTTY && existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
  const key = firstKey ?? kept;
  return key === undefined ? "" : `#key=${key}`;
}

function relativeTo(file: string): string {
  const near = relative(process.cwd(), file);
  return near.startsWith("..") ? file : near;
}

/** Commands to try, a line each. Each works as printed, in any order. */
function tryLines(base: string, key: string, fragment: string): string {
  const activity = {
    platform: "email",
    verb: "send",
    actor: { name: "Bob User", address: "bob@example.com" },
    target: { name: "Foo Bar", address: "foo@example.com" },
    object: { subject: "Hi", body: "Hello World!" },
  };
  const as = `-H "Authorization: Bearer ${key}"`;
  const posted = `-H 'Content-Type: application/json' -d '${JSON.stringify(activity)}'`;
  return `
Or the page to try it with the key (the part after # is not sent to the server):
  ${base}/try${fragment}

Or watch what happens in one terminal:
  curl -N ${as} ${base}/events

and send something in another:
  curl -w '\\n' ${as} ${posted} ${base}/activities

Documentation: ${base}/docs/
`;
}
