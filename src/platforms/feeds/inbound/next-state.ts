import type { NewEntries } from "../client/document/jobs.ts";
import { cut } from "../client/document/plain-text.ts";
import type { Download } from "../client/download.ts";
import type { FeedState } from "./state.ts";

/** A changed document that a poll read. */
export interface ReadDocument {
  /** SHA-256 of its bytes. */
  readonly hash: string;
  readonly found: NewEntries;
}

/** A poll's download; `isFallback` marks the topic's own address after a failed move. */
export type PollDownload = Download & { readonly isFallback?: boolean };

const MAX_HEADER_LENGTH = 1_024;
const DAY_MS = 86_400_000;

/**
 * Returns the state after a poll. After 304 only a move changes it, after an unchanged document also the validators, after a
 * read document everything.
 */
export function nextState(
  before: FeedState | undefined,
  downloaded: PollDownload,
  document: ReadDocument | undefined,
  now: number,
): FeedState {
  const state = document ? stateAfterReading(before, document, now) : before;
  if (!state) throw new Error("A poll without an earlier state must read its document");
  const { url: formerUrl, ...rest } = state;
  const url = downloaded.movedTo ?? (downloaded.isFallback ? undefined : formerUrl);
  const moved: FeedState = { ...rest, ...(url === undefined ? {} : { url }) };
  const { answer } = downloaded;
  return answer.status === 304 ? moved : withValidators(moved, answer.headers, document, now);
}

function stateAfterReading(before: FeedState | undefined, { found }: ReadDocument, now: number): FeedState {
  const { hub: _hub, self: _self, ...limits } = found.hints;
  const { gapMs, newest, seen, meta } = found;
  return {
    n: (before?.n ?? 0) + 1,
    ...limits,
    ...(before?.url === undefined ? {} : { url: before.url }),
    ...(meta.title === undefined ? {} : { title: cut(meta.title, 256) }),
    ...(gapMs === undefined ? {} : { gapMs }),
    ...(newest === undefined ? {} : { newest }),
    read: now,
    changed: before && found.entries.length === 0 ? before.changed : now,
    known: seen,
  };
}

function withValidators(
  state: FeedState,
  headers: Readonly<Record<string, string>>,
  document: ReadDocument | undefined,
  now: number,
): FeedState {
  const { etag: _etag, modified: _modified, hash: _hash, ...rest } = state;
  // Without validators a document with waiting entries is read again at the next poll.
  if (document && document.found.remaining > 0) return rest;
  const { etag, "last-modified": modified } = headers;
  const hash = document?.hash ?? state.hash;
  return {
    ...rest,
    // Written at most once a day: a state that stays the same needs no write.
    read: now - state.read > DAY_MS ? now : state.read,
    ...(isStorable(etag) ? { etag } : {}),
    ...(isStorable(modified) ? { modified } : {}),
    ...(hash === undefined ? {} : { hash }),
  };
}

function isStorable(header: string | undefined): header is string {
  return header !== undefined && header.length <= MAX_HEADER_LENGTH;
}
