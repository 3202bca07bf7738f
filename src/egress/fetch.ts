import { Agent, buildConnector, fetch, type Response } from "undici";
import { Failure } from "../model/failure.ts";
import type { EgressAnswer, EgressInit } from "../platform/platform.ts";
import { addressBlocked } from "./address-rules.ts";
import type { Dial } from "./dial.ts";
import { fetchFailure } from "./failures.ts";

const FIVE_MIB = 5 * 1024 * 1024;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** Headers that may follow a redirect to another origin. Any other could be a login. */
const HARMLESS = new Set(["accept", "accept-language", "content-type", "user-agent"]);
/** Headers that the connection sets. A caller's own would let Host and the checked address disagree. */
const RESERVED = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "upgrade",
  "proxy-authorization",
]);

export interface EgressFetch {
  readonly fetch: (url: string, init?: EgressInit) => Promise<EgressAnswer>;
  readonly close: () => Promise<void>;
}

interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

/** Creates the guarded `fetch`. `dial` checks each hop's address; time, size after decompression and redirects are bounded. */
export function egressFetch(dial: Dial, ca?: string): EgressFetch {
  const connect = connector(dial, ca);
  const agent = new Agent({ connect, connections: 64, keepAliveTimeout: 4_000 });
  // Streams last for days: they must not take the places of the others.
  const streams = new Agent({ connect, bodyTimeout: 0, headersTimeout: 0 });
  return { fetch: guarded, close: async () => void (await Promise.all([agent.destroy(), streams.destroy()])) };

  async function guarded(url: string, init: EgressInit = {}): Promise<EgressAnswer> {
    const deadline = timer(init.timeoutMs ?? 30_000);
    const signal = init.signal ? AbortSignal.any([init.signal, deadline.signal]) : deadline.signal;
    const method = (init.method ?? "GET").toUpperCase();
    try {
      return await follow(
        { url: address(url), method, headers: lowered(init.headers ?? {}), body: init.body },
        { ...init, ...(init.onChunk ? { onChunk: chunkListener(init.onChunk, deadline.again) } : {}) },
        signal,
      );
    } catch (thrown) {
      throw fetchFailure(thrown, { changes: method !== "GET" && method !== "HEAD", aborted: init.signal });
    } finally {
      deadline.end();
    }
  }

  async function follow(first: Hop, init: EgressInit, signal: AbortSignal): Promise<EgressAnswer> {
    let hop = first;
    const dispatcher = init.onChunk ? streams : agent;
    for (let left = init.maxRedirects ?? 3; ; left--) {
      const { url, method, headers, body = null } = hop;
      const answer = await fetch(url, { method, headers, body, signal, redirect: "manual", dispatcher });
      const location = answer.headers.get("location");
      if (!REDIRECTS.has(answer.status) || location === null || init.maxRedirects === 0) {
        return {
          status: answer.status,
          headers: Object.fromEntries(answer.headers),
          body: await bodyOf(answer, init),
          url: url.href,
        };
      }
      await answer.body?.cancel();
      if (left <= 0) throw refused("The address redirects too often.");
      hop = redirected(hop, answer.status, location);
    }
  }
}

function connector(dial: Dial, ca: string | undefined): buildConnector.connector {
  const secure = buildConnector(ca === undefined ? {} : { ca });
  return (options, done) => {
    const port = Number(options.port) || (options.protocol === "https:" ? 443 : 80);
    dial(options.hostname, port).then(
      (socket) => {
        if (options.protocol === "https:") secure({ ...options, httpSocket: socket }, done);
        else done(null, socket.setNoDelay(true));
      },
      (error: Error) => done(error, null),
    );
  };
}

function redirected(hop: Hop, status: number, location: string): Hop {
  const url = address(location, hop.url);
  const sameOrigin = url.origin === hop.url.origin;
  const becomesGet = status === 303 ? hop.method !== "HEAD" : status < 303 && hop.method === "POST";
  if (!sameOrigin && !becomesGet && hop.body !== undefined) {
    throw refused("The address redirects what was posted to another host.");
  }
  const kept = Object.entries(hop.headers).filter(
    ([name]) => (sameOrigin || HARMLESS.has(name)) && !(becomesGet && name === "content-type"),
  );
  return {
    url,
    method: becomesGet ? "GET" : hop.method,
    headers: Object.fromEntries(kept),
    body: becomesGet ? undefined : hop.body,
  };
}

function address(text: string, base?: URL): URL {
  if (!URL.canParse(text, base?.href)) throw addressBlocked("This is not a complete http or https address.");
  const url = new URL(text, base?.href);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw addressBlocked("Only http and https addresses are opened.");
  }
  if (url.username !== "" || url.password !== "") throw addressBlocked("The address must not contain a login.");
  return url;
}

function lowered(headers: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return { "user-agent": "Dragoman", ...Object.fromEntries(entries.filter(([name]) => !RESERVED.has(name))) };
}

/** Ends a request that takes too long; `again` restarts the timer. */
function timer(ms: number) {
  const ending = new AbortController();
  const timeout = setTimeout(() => ending.abort(new DOMException("It took too long", "TimeoutError")), ms);
  return { signal: ending.signal, again: () => void timeout.refresh(), end: () => clearTimeout(timeout) };
}

/** Only silence of the other side counts, not the time that the taker takes. */
function chunkListener(take: NonNullable<EgressInit["onChunk"]>, again: () => void) {
  return async (chunk: Uint8Array): Promise<void> => {
    again();
    await take(chunk);
    again();
  };
}

async function bodyOf({ ok, body }: Response, { onChunk, maxBytes = FIVE_MIB }: EgressInit): Promise<Buffer> {
  if (!ok || !onChunk) return bounded(body, maxBytes);
  for await (const chunk of body ?? []) await onChunk(chunk);
  return Buffer.alloc(0);
}

async function bounded(body: AsyncIterable<Uint8Array> | null, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

const refused = (detail: string) => new Failure({ kind: "permanent", code: "platform-rejected", detail });
const tooLarge = () =>
  new Failure({
    kind: "permanent",
    code: "content-too-large",
    detail: "The response of the address exceeds the size limit.",
  });
