import type { News } from "../client/document/feed.ts";
import { cut } from "../client/document/plain-text.ts";
import type { Download } from "../client/download.ts";
import type { Memory } from "./state-schema.ts";

/** A document that was read, and its SHA-256. */
export interface ReadAnew {
  readonly hash: string;
  readonly news: News;
}

/** What was downloaded; `back`: from the topic's own address, since the one it had moved to failed. */
export type Got = Download & { readonly back?: boolean };

const HEADER_CHARACTERS = 1_024;
const DAY_MS = 86_400_000;

/**
 * What to remember after a poll: nothing but a move after 304, the server's marks after the same bytes again, and
 * everything after a document that was read.
 */
export function remembering(before: Memory | undefined, got: Got, read: ReadAnew | undefined, now: number): Memory {
  const base = read ? readAnew(before, read, now) : before;
  if (!base) throw new Error("There is nothing to remember of a document that was not read");
  const { url: old, ...rest } = base;
  const url = got.movedTo ?? (got.back ? undefined : old);
  const placed: Memory = { ...rest, ...(url === undefined ? {} : { url }) };
  return got.answer.status === 304 ? placed : marked(placed, got.answer.headers, read, now);
}

function readAnew(before: Memory | undefined, { news }: ReadAnew, now: number): Memory {
  const { hub: _, self: __, ...limits } = news.wishes;
  const { gapMs, newest, known } = news;
  const { title } = news.meta;
  return {
    n: (before?.n ?? 0) + 1,
    ...limits,
    ...(before?.url === undefined ? {} : { url: before.url }),
    ...(title === undefined ? {} : { title: cut(title, 256) }),
    ...(gapMs === undefined ? {} : { gapMs }),
    ...(newest === undefined ? {} : { newest }),
    read: now,
    changed: before && news.fresh.length === 0 ? before.changed : now,
    known,
  };
}

function marked(
  memory: Memory,
  headers: Readonly<Record<string, string>>,
  read: ReadAnew | undefined,
  now: number,
): Memory {
  const { etag: _, modified: __, hash: ___, ...rest } = memory;
  // A document of which something waits is read again whatever its marks say.
  if (read && read.news.left > 0) return rest;
  const { etag, "last-modified": modified } = headers;
  const hash = read?.hash ?? memory.hash;
  return {
    ...rest,
    // Not at each poll: what stays as it is need not be written.
    read: now - memory.read > DAY_MS ? now : memory.read,
    ...(fits(etag) ? { etag } : {}),
    ...(fits(modified) ? { modified } : {}),
    ...(hash === undefined ? {} : { hash }),
  };
}

function fits(header: string | undefined): header is string {
  return header !== undefined && header.length <= HEADER_CHARACTERS;
}
