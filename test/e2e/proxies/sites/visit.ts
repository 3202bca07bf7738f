import { createHash } from "node:crypto";
import { request as http, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as https } from "node:https";
import type { SiteRequest } from "./site.ts";

/** Endpoint at which visitors reach a site. */
export interface SiteEndpoint {
  readonly port: number;
  readonly host: string;
  /** The certificate to trust; without it plain HTTP is spoken. */
  readonly ca?: string;
  /** Address of the server; 127.0.0.1 unless said. */
  readonly address?: string;
}

/** Answer to a visitor, without parts that differ between minutes or connections. */
export interface Seen {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string;
}

/** Headers of this one connection, and the time. */
const OF_THE_HOP = new Set(["date", "connection", "keep-alive", "transfer-encoding", "upgrade"]);

/** More than a site may send through any of the proxies. */
const MAX_HEADER = 1_048_576;

/** Opens the request; resolves with the answer's head. */
export function opened(endpoint: SiteEndpoint, ask: SiteRequest): Promise<IncomingMessage> {
  const { path, method = "GET", headers = {}, body, chunked = false, from } = ask;
  const all: Record<string, string | string[]> = { Host: endpoint.host };
  for (const [name, value] of Object.entries(headers)) all[name] = typeof value === "string" ? value : [...value];
  if (body !== undefined && !chunked) all["Content-Length"] = String(Buffer.byteLength(body));
  if (chunked) all["Transfer-Encoding"] = "chunked";
  return new Promise((resolve, reject) => {
    const request = (endpoint.ca === undefined ? http : https)({
      host: endpoint.address ?? "127.0.0.1",
      port: endpoint.port,
      path,
      method,
      headers: all,
      agent: false,
      maxHeaderSize: MAX_HEADER,
      ...(from === undefined ? {} : { localAddress: from }),
      ...(endpoint.ca === undefined ? {} : { ca: endpoint.ca, servername: endpoint.host }),
    });
    let answered = false;
    request.on("response", (response) => {
      answered = true;
      resolve(response);
    });
    // A server that refuses a body closes while it is still being sent.
    request.on("error", (error) => {
      if (!answered) reject(error);
    });
    request.end(body);
  });
}

/** Sends a request and returns the whole answer. */
export async function visit(endpoint: SiteEndpoint, ask: SiteRequest): Promise<Seen> {
  const response = await opened(endpoint, ask);
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const whole = Buffer.concat(parts);
  return { status: response.statusCode ?? 0, headers: lasting(response.headers, ask), body: shown(whole) };
}

function lasting(headers: IncomingHttpHeaders, { method }: SiteRequest): readonly string[] {
  return Object.entries(headers)
    .filter(([name]) => !OF_THE_HOP.has(name) && (name !== "content-length" || method === "HEAD"))
    .flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${name === "expires" ? expiry(one) : one}`))
    .sort();
}

/** Replaces a time of expiry near now, which is later at the second visit. */
function expiry(value: string | undefined): string | undefined {
  const away = Math.abs(Date.parse(value ?? "") - Date.now());
  return away < 3_600_000 ? "within the hour" : value;
}

/** Short texts as they are, so that a difference can be read. */
function shown(body: Buffer): string {
  if (body.length < 10_000 && !body.includes(0)) return body.toString("utf8");
  return `${body.length} bytes, ${createHash("sha256").update(body).digest("hex")}`;
}
