import type { ServerResponse } from "node:http";
import { problem, type XAnswer, type XCall } from "./x-simulator-state.ts";

interface Rule {
  readonly id: string;
  readonly value: string;
  readonly tag?: string;
}
interface StreamedPost {
  readonly id: string;
  readonly text: string;
}

/** The app's own bearer token at the stand-in. */
export const APP_BEARER = "app-bearer-1";
export const STREAM = "/2/tweets/search/stream";
const RULES = `${STREAM}/rules`;

/**
 * Simulates X's filtered stream. Rules are shared by the app; connections are limited as by X. `onLine` receives each
 * sent line.
 */
export function xStreams(onLine: (line: object) => void) {
  let rules: readonly Rule[] = [];
  let sequence = 0;
  const connections = new Set<ServerResponse>();
  const settings = {
    /** X does not let the app stream at all. */
    forbidden: true,
    most: 1,
    /** Sends no lines and no keep-alives any more. */
    silent: false,
    keepAliveMs: 20,
  };

  function changed({ body }: XCall): XAnswer {
    const { add, delete: gone } = body as { add?: Array<Omit<Rule, "id">>; delete?: { ids?: string[] } };
    if ((add === undefined) === (gone === undefined)) return problem(400, "invalid-request", "Either add or delete.");
    if (gone) {
      rules = rules.filter(({ id }) => !gone.ids?.includes(id));
      return {
        status: 200,
        body: { meta: { sent: new Date().toISOString(), summary: { deleted: 1, not_deleted: 0 } } },
      };
    }
    const created: Rule[] = [];
    const errors: object[] = [];
    for (const { value, tag = "" } of add ?? []) {
      const odd = value.includes("near:") ? "invalid-rules" : "duplicate-rules";
      if (value.includes("near:") || rules.some((rule) => rule.value === value)) {
        errors.push({ title: odd, type: `https://api.x.com/2/problems/${odd}`, value });
      } else {
        sequence += 1;
        created.push({ id: String(1_000 + sequence), value, tag });
      }
    }
    rules = [...rules, ...created];
    const meta = { sent: new Date().toISOString(), summary: { created: created.length, not_created: errors.length } };
    const data = created.length === 0 ? {} : { data: created };
    return { status: 200, body: { ...data, ...(errors.length === 0 ? {} : { errors }), meta } };
  }

  /** Answer of X to a refused stream; undefined accepts the connection. */
  function refused(): XAnswer | undefined {
    if (settings.forbidden) return problem(403, "client-forbidden", "The app may not use this endpoint.");
    if (rules.length === 0) return problem(409, "streaming-connection", "You must define rules before connecting.");
    if (connections.size < settings.most) return undefined;
    return problem(429, "streaming-connection", "This stream is currently at the maximum allowed connection limit.");
  }

  function open(response: ServerResponse): void {
    connections.add(response);
    response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).flushHeaders();
    const alive = setInterval(() => {
      if (!settings.silent && connections.has(response)) response.write("\r\n");
    }, settings.keepAliveMs);
    response.on("close", () => {
      clearInterval(alive);
      connections.delete(response);
    });
  }

  const write = (text: string): void => {
    for (const connection of connections) connection.write(text);
  };
  /** Sends a new post to all streams. */
  function posted(post: StreamedPost, users: readonly object[]): void {
    const found = rules.filter(({ value }) => post.text.includes(value));
    if (found.length === 0 || settings.silent || connections.size === 0) return;
    const matching = found.map(({ id, tag = "" }) => ({ id, tag }));
    const line = { data: post, includes: { users }, matching_rules: matching };
    onLine(line);
    write(`${JSON.stringify(line)}\r\n`);
  }

  const handlers: Readonly<Record<string, (call: XCall) => XAnswer>> = {
    [`GET ${RULES}`]: () => {
      if (settings.forbidden) return problem(403, "client-forbidden", "The app may not use this endpoint.");
      const data = rules.length === 0 ? {} : { data: rules };
      return { status: 200, body: { ...data, meta: { result_count: rules.length } } };
    },
    [`POST ${RULES}`]: changed,
    // Answers a refused connection; `open` writes accepted ones.
    [`GET ${STREAM}`]: () => refused() ?? { status: 200, body: {} },
  };

  return {
    deeds: handlers,
    settings,
    refused,
    open,
    posted,
    write,
    rules: () => rules,
    addRule: (rule: Rule) => {
      rules = [...rules, rule];
    },
    connected: () => connections.size,
    /** Cuts the connections without ending the response. */
    cut: () => {
      for (const connection of connections) connection.socket?.destroy();
    },
    /** Ends the answers in good order. */
    end: () => {
      for (const connection of connections) connection.end();
      connections.clear();
    },
  };
}
