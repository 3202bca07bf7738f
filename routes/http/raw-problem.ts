import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { PRIVATE_HEADERS } from "./private-answer.ts";
import type { Problem } from "./problem.ts";
import { problemTypesOf } from "./problem-types.ts";

/** Returns the headers of a problem's answer. */
export function problemHeaders({ status, options }: Problem): Record<string, string> {
  return {
    "Content-Type": "application/problem+json",
    ...PRIVATE_HEADERS,
    ...(status === 401 ? { "WWW-Authenticate": 'Bearer realm="dragoman"' } : {}),
    ...(options.retryAfter === undefined ? {} : { "Retry-After": String(options.retryAfter) }),
    ...options.headers,
  };
}

/** Returns the whole answer as text, for connections without a response object. It ends the connection. */
export function rawProblem(problem: Problem, connection: Duplex): string {
  const body = JSON.stringify(problem.document(problemTypesOf(connection)));
  const headers = {
    ...problemHeaders(problem),
    "Content-Length": String(Buffer.byteLength(body)),
    Connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join("")}\r\n${body}`;
}
