import { setTimeout as wait } from "node:timers/promises";
import type { Failure } from "../../../model/failure.ts";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { Credentials } from "../credentials.ts";
import { classifyError } from "../errors.ts";
import { type Streamed, streamedIn, tooLong } from "../inbound/streamed.ts";
import type { XApp } from "./app.ts";
import { lineReader } from "./lines.ts";
import { type StreamRules, streamRules } from "./rules.ts";
import { backoff, type StreamPace } from "./stream-backoff.ts";
import { type Carriers, carriers } from "./stream-ownership.ts";

/** A post with all that it refers to is some kilobytes. */
const LINE_BYTES = 1024 * 1024;
/** The note that there may be rules of the account at X. */
const NOTE = "stream-rules";

/** The account's filtered stream: one connection for all its queries, as long as there are any and X allows it. */
export interface Stream {
  /** Undefined while the query has to be polled. */
  readonly carrier: Carriers["of"];
  /** Call it when queries were added or removed. */
  readonly changed: () => void;
}

export interface StreamWords {
  readonly hold: ConnectionContext<Credentials>;
  readonly app: XApp;
  readonly pace: StreamPace;
  readonly queries: () => readonly string[];
  /** Given each post with the queries that it was found for; awaited before the next. What it throws ends the connection. */
  readonly took: (post: Streamed, queries: readonly string[]) => Promise<void>;
  readonly signal: AbortSignal;
}

interface Connection {
  /** Resolves with the reason; never rejects. */
  readonly ended: Promise<Failure>;
  readonly close: () => void;
}

/** Goes on until the signal aborts, whatever happens; what the stream can't bring is left to polling. */
export function streaming(words: StreamWords): Stream {
  const { hold: context, app, pace, signal } = words;
  const rules = streamRules(app, `${context.app} ${context.address.toLowerCase()}`);
  const carried = carriers();
  const row = backoff(pace);
  let changed: () => void = () => undefined;
  let connection: Connection | undefined;

  /** Resolves when the queries changed; throws why the connection ended. */
  async function step(synced: (queries: readonly string[]) => Promise<ReadonlySet<string>>): Promise<void> {
    const change = new Promise<undefined>((resolve) => {
      changed = () => resolve(undefined);
      signal.addEventListener("abort", changed, { once: true });
    });
    try {
      const taken = await synced(words.queries());
      carried.ruled(taken);
      if (taken.size > 0) connection ??= connected(words, rules, carried, row.reset);
      else connection?.close();
      if (taken.size === 0) connection = undefined;
      const ended = await Promise.race([change, ...(connection ? [connection.ended] : [])]);
      if (!ended) return;
      connection = undefined;
      throw ended;
    } finally {
      signal.removeEventListener("abort", changed);
    }
  }

  async function run(): Promise<void> {
    const synced = await syncing(rules, context, signal);
    while (!signal.aborted) {
      try {
        await step(synced);
      } catch (thrown) {
        if (signal.aborted) break;
        const failure = classifyError(thrown);
        const { code, platformCode } = failure;
        context.log.info({ code, platformCode }, "X streams nothing at the moment: searches are polled");
        // Rules without a connection would bring their posts, which are paid for, to another account's stream of this app.
        if (!connection && failure.kind !== "retryable") await synced([]).catch(() => undefined);
        await wait(row.after(failure), undefined, { signal }).catch(() => undefined);
      }
    }
    connection?.close();
  }

  void run().catch((thrown: unknown) => {
    if (!signal.aborted) context.onDisconnected(thrown);
  });
  return { carrier: carried.of, changed: () => changed() };
}

function connected(
  { hold: context, app, pace, queries, took, signal }: StreamWords,
  rules: StreamRules,
  carried: Carriers,
  lasts: () => void,
): Connection {
  const closing = new AbortController();
  const began = Date.now();
  const line = async (text: string): Promise<void> => {
    const post = streamedIn(text);
    if (!post) context.log.warn({}, "X streamed something that is no post");
    const found = post ? queries().filter((query) => post.tags.has(rules.tagOf(query))) : [];
    if (post && found.length > 0) await took(post, found);
  };
  const read = lineReader(LINE_BYTES, line, tooLong);
  const take = (chunk: Uint8Array): Promise<void> => {
    carried.live(true);
    if (Date.now() - began > pace.silence) lasts();
    return read(chunk);
  };
  const ended = app.stream(take, pace.silence, AbortSignal.any([signal, closing.signal])).catch(classifyError);
  return { ended: ended.finally(() => carried.live(false)), close: () => closing.abort() };
}

/** Keeps the rules at X as they should be, and a note of whether any may be there for whoever holds the account next. */
async function syncing(rules: StreamRules, context: ConnectionContext<Credentials>, signal: AbortSignal) {
  let mayBeThere = NOTE in (await context.state.read());
  return async (queries: readonly string[]): Promise<ReadonlySet<string>> => {
    if (queries.length === 0 && !mayBeThere) return new Set();
    if (!mayBeThere) await context.state.write(NOTE, "1");
    mayBeThere = true;
    const taken = await rules.sync(queries, signal);
    if (queries.length > 0) return taken;
    await context.state.write(NOTE, undefined);
    mayBeThere = false;
    return taken;
  };
}
