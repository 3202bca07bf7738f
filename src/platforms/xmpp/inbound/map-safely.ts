import type { Client } from "../client/client.ts";

/** Maps a stanza; a malformed stanza, live or archived, must not end the connection. */
export function mapSafely<T extends object>({ context }: Client, map: () => T): Partial<T> {
  try {
    return map();
  } catch (err) {
    context.log.warn({ err }, "malformed stanza skipped");
    return {};
  }
}
