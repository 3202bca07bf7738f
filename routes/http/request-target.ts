import type { IncomingMessage, RequestListener } from "node:http";
import { Problem, sendProblem } from "./problem.ts";

/** Host and port of RFC 3986 section 3.2, without a login. */
const AUTHORITY = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{0,5})?$/;
const ABSOLUTE = /^https?:\/\/([^/?#]*)((?:[/?][^#]*)?)$/i;
const UNRESERVED = /[A-Za-z0-9._~-]/;

/** Refuses requests with an impossible target or Host, and passes the others on. Their target has its plain form then. */
export function withPlainTarget(listener: RequestListener): RequestListener {
  return (req, res) => {
    if (req.method === "OPTIONS" && req.url === "*") {
      res.writeHead(204, { Allow: "GET, HEAD, POST, PUT, DELETE, OPTIONS" }).end();
      return;
    }
    const problem = targetProblem(req);
    if (problem === undefined) listener(req, res);
    else sendProblem(res, problem);
  };
}

/**
 * Brings a request's target to its plain form. It has no scheme and host then, and unreserved characters are decoded
 * (RFC 3986 section 6.2.2.2). Returns the problem of a target or Host that RFC 9112 section 3.2 refuses, since proxies and servers that
 * read them differently can be played off against each other.
 */
export function targetProblem(req: IncomingMessage): Problem | undefined {
  const absolute = ABSOLUTE.exec(req.url ?? "");
  if (!hasValidHost(req) || (absolute !== null && !AUTHORITY.test(absolute[1] ?? ""))) {
    return refusal("Send exactly one Host header with the name that you connect to.");
  }
  const [, authority, rest = req.url ?? ""] = absolute ?? [];
  // The target's own host precedes the header.
  if (authority !== undefined) req.headers.host = authority;
  const path = absolute !== null && !rest.startsWith("/") ? `/${rest}` : rest;
  if (!path.startsWith("/")) return refusal("The request's target must be a path that begins with `/`.");
  req.url = path.includes("%") ? withPlainPath(path) : path;
  return undefined;
}

function refusal(detail: string): Problem {
  return new Problem("malformed-request", detail, { headers: { Connection: "close" } });
}

/** HTTP/1.0 has no Host; from then on each request has exactly one. */
function hasValidHost({ rawHeaders, httpVersionMajor, httpVersionMinor }: IncomingMessage): boolean {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() !== "host") continue;
    count += 1;
    if (count > 1 || !AUTHORITY.test(rawHeaders[index + 1] ?? "")) return false;
  }
  return count === 1 || (httpVersionMajor === 1 && httpVersionMinor === 0);
}

function withPlainPath(target: string): string {
  const mark = target.indexOf("?");
  const path = mark < 0 ? target : target.slice(0, mark);
  return `${path.replace(/%[0-9A-Fa-f]{2}/g, plain)}${mark < 0 ? "" : target.slice(mark)}`;
}

function plain(encoded: string): string {
  const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
  return UNRESERVED.test(character) ? character : encoded.toUpperCase();
}
