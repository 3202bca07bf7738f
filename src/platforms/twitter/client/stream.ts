import { setTimeout as wait } from "node:timers/promises";
import type { Failure } from "../../../model/failure.ts";
import type { ConnectionContext } from "../../../platform/connection.ts";
import type { Credentials } from "../credentials.ts";
import { classifyError } from "../errors.ts";
import type { XApp } from "./app.ts";
import { lineReader } from "./lines.ts";
import { type StreamRules, streamRules } from "./rules.ts";
import { type StreamDelays, streamBackoff } from "./stream-backoff.ts";
import { type StreamCoverage, streamCoverage } from "./stream-coverage.ts";
import { lineTooLong, parseStreamLine, type StreamedPost } from "./stream-line.ts";

/** Maximum length of a line; a post with all its references is some kilobytes. */
const MAX_LINE_BYTES = 1024 * 1024;
/** State key that says that the account may have rules at X. */
const STATE_KEY = "stream-rules";

/** The account's filtered stream: one connection for all queries, while X allows it. */
export interface Stream {
  /** Undefined while the query has to be polled. */
  readonly coverageOf: StreamCoverage["of"];
  /** To be called after queries were added or removed. */
  readonly queriesChanged: () => void;
}

export interface StreamOptions {
  readonly context: ConnectionContext<Credentials>;
  readonly app: XApp;
  readonly delays: StreamDelays;
  readonly queries: () => readonly string[];
  /** Receives each post with its matching queries; awaited before the next. A throw ends the connection. */
  readonly onPost: (post: StreamedPost, queries: readonly string[]) => Promise<void>;
  readonly signal: AbortSignal;
}

interface StreamConnection {
  /** Resolves with the reason; never rejects. */
  readonly ended: Promise<Failure>;
  readonly close: () => void;
}

/** Keeps the stream open until the signal aborts. Searches are polled while the stream is down. */
export function openStream(options: StreamOptions): Stream {
  const { context, app, delays, signal } = options;
  const rules = streamRules(app, `${context.app} ${context.address.toLowerCase()}`);
  const coverage = streamCoverage();
  const backoff = streamBackoff(delays);
  let notifyChange: () => void = () => undefined;
  let connection: StreamConnection | undefined;

  /** Resolves when the queries changed; throws the reason of a lost connection. */
  async function step(sync: (queries: readonly string[]) => Promise<ReadonlySet<string>>): Promise<void> {
    const change = new Promise<undefined>((resolve) => {
      notifyChange = () => resolve(undefined);
      signal.addEventListener("abort", notifyChange, { once: true });
    });
    try {
      const accepted = await sync(options.queries());
      coverage.setQueries(accepted);
      if (accepted.size > 0) connection ??= connect(options, rules, coverage, backoff.reset);
      else connection?.close();
      if (accepted.size === 0) connection = undefined;
      const ended = await Promise.race([change, ...(connection ? [connection.ended] : [])]);
      if (!ended) return;
      connection = undefined;
      throw ended;
    } finally {
      signal.removeEventListener("abort", notifyChange);
    }
  }

  async function run(): Promise<void> {
    const sync = await ruleSync(rules, context, signal);
    while (!signal.aborted) {
      try {
        await step(sync);
      } catch (thrown) {
        if (signal.aborted) break;
        const failure = classifyError(thrown);
        context.log.info({ err: failure }, "x filtered stream is down; searches are polled");
        // Rules without a connection would deliver their posts, which are paid for, to another account's stream of this app.
        if (!connection && failure.kind !== "retryable") await sync([]).catch(() => undefined);
        await wait(backoff.after(failure), undefined, { signal }).catch(() => undefined);
      }
    }
    connection?.close();
  }

  void run().catch((thrown: unknown) => {
    if (!signal.aborted) context.onDisconnected(thrown);
  });
  return { coverageOf: coverage.of, queriesChanged: () => notifyChange() };
}

function connect(
  { context, app, delays, queries, onPost, signal }: StreamOptions,
  rules: StreamRules,
  coverage: StreamCoverage,
  onLasting: () => void,
): StreamConnection {
  const closing = new AbortController();
  const startedAt = Date.now();
  const onLine = async (line: string): Promise<void> => {
    const post = parseStreamLine(line);
    if (!post) context.log.warn({}, "x filtered stream sent a line without a readable post; skipped");
    const matching = post ? queries().filter((query) => post.tags.has(rules.tagOf(query))) : [];
    if (post && matching.length > 0) await onPost(post, matching);
  };
  const read = lineReader(MAX_LINE_BYTES, onLine, lineTooLong);
  const onChunk = (chunk: Uint8Array): Promise<void> => {
    coverage.setLive(true);
    if (Date.now() - startedAt > delays.silenceMs) onLasting();
    return read(chunk);
  };
  const ended = app.stream(onChunk, delays.silenceMs, AbortSignal.any([signal, closing.signal])).catch(classifyError);
  return { ended: ended.finally(() => coverage.setLive(false)), close: () => closing.abort() };
}

/** Keeps X's rules in step with the queries. The stored state tells the next owner whether rules may exist. */
async function ruleSync(rules: StreamRules, context: ConnectionContext<Credentials>, signal: AbortSignal) {
  let mayExist = STATE_KEY in (await context.state.read());
  return async (queries: readonly string[]): Promise<ReadonlySet<string>> => {
    if (queries.length === 0 && !mayExist) return new Set();
    if (!mayExist) await context.state.write(STATE_KEY, "1");
    mayExist = true;
    const accepted = await rules.sync(queries, signal);
    if (queries.length > 0) return accepted;
    await context.state.write(STATE_KEY, undefined);
    mayExist = false;
    return accepted;
  };
}
