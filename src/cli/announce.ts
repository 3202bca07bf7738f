import { readFileSync } from "node:fs";
import { firstAppFile } from "../apps/first-app.ts";
import type { Config } from "../config.ts";
import type { Running } from "../main.ts";
import { wantsSandbox } from "../main-platforms.ts";

/** Tells a person who has just started the gateway where it is and what to try; a worker says nothing. */
export function announce(config: Config, running: Running): void {
  if (running.address === undefined) return;
  const { basePath } = config;
  console.log(`Dragoman listens on ${running.address}${basePath}`);
  if (running.firstKey !== undefined) {
    console.log(`First app's API key: ${running.firstKey}`);
    console.log(`It is kept in ${firstAppFile(config.dataDir)}; the next ones come from: dragoman app create NAME`);
  }
  if (wantsSandbox(config))
    console.log(
      "No SMTP_URL is set: mail goes to a built-in sandbox mailbox and comes back on the stream, nowhere else.",
    );
  if (running.address.startsWith("http:")) console.log(tryLines(running.address + basePath, keyFor(config, running)));
}

function keyFor(config: Config, running: Running): string {
  if (running.firstKey !== undefined) return running.firstKey;
  try {
    return readFileSync(firstAppFile(config.dataDir), "utf8").trim();
  } catch {
    return "YOUR_API_KEY";
  }
}

function tryLines(base: string, key: string): string {
  const activity = {
    rid: "hello-'$(date +%s)'",
    platform: "email",
    verb: "send",
    actor: { name: "Bob User", address: "bob@example.com" },
    target: { name: "Foo Bar", address: "foo@example.com" },
    object: { subject: "Hi", body: "Hello World!" },
  };
  return `
Watch what happens (leave it running, or open ${base}/try in a browser):
  curl -N -H 'Authorization: Bearer ${key}' ${base}/events

Send something:
  curl -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' ${base}/activities -d '${JSON.stringify(activity)}'
`;
}
