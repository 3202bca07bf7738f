import { auditLog, type StoredAuditEntry } from "../../../src/console/audit-log.ts";
import { consoleSessions } from "../../../src/console/console-sessions.ts";
import type { ConsoleRole } from "../../../src/console/console-user.ts";
import type { gateway } from "../../support/gateway.ts";

type Gateway = Awaited<ReturnType<typeof gateway>>;

/** Answer of the console's API. */
export interface ConsoleAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
  /** Body that is still open, where `keep` asks for it. */
  readonly stream?: ReadableStream<Uint8Array>;
}

export interface AskOptions {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Leaves the body to the caller. */
  readonly keep?: boolean;
}

/** Signed-in browser: sends its cookie and the headers of the console's own page. */
export type Ask = (path: string, options?: AskOptions) => Promise<ConsoleAnswer>;

/** Asks the console as a browser without a cookie does. */
export async function askConsole(gw: Gateway, path: string, options: AskOptions = {}): Promise<ConsoleAnswer> {
  const { method = "GET", body, headers = {} } = options;
  const answer = await fetch(`${gw.url}/gateway/console/api${path}`, {
    method,
    redirect: "manual",
    headers: {
      Origin: gw.url,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (options.keep && answer.body !== null)
    return { status: answer.status, headers: answer.headers, body: {}, stream: answer.body };
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === "" ? {} : JSON.parse(text) };
}

/** Makes a link as `dragoman console` does. */
export function linkOf(gw: Gateway, role: ConsoleRole, name: string = role): Promise<string> {
  return consoleSessions({ redis: gw.client, hours: 1 }).issueLink({ name, role });
}

/** Signs a user in. */
export async function signedIn(gw: Gateway, role: ConsoleRole): Promise<Ask> {
  const { headers } = await askConsole(gw, "/session", { method: "POST", body: { link: await linkOf(gw, role) } });
  const cookie = headers.get("set-cookie")?.split(";", 1)[0] ?? "";
  return (path, { headers: more, ...options } = {}) =>
    askConsole(gw, path, { ...options, headers: { Cookie: cookie, ...more } });
}

/** Returns the audit log, newest first. */
export function auditOf(gw: Gateway): Promise<readonly StoredAuditEntry[]> {
  return auditLog({ redis: gw.client }).list(100);
}
