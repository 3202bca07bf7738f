import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import request from "supertest";
import WebSocket from "ws";
import type { Answer } from "../support/openapi-conformance.ts";

/** Request to the gateway; `key` is a key, token or nothing. */
export interface Call {
  readonly method: "get" | "put" | "post" | "delete" | "patch";
  readonly path: string;
  readonly key?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends requests by supertest. Strings are sent as written, with the type of JSON. */
export function callsTo(url: string, basePath = "/gateway") {
  return ({ method, path, key, body, headers = {} }: Call) => {
    const base = request(url)[method](`${basePath}${path}`).set(headers);
    const signed = key === undefined ? base : base.set("Authorization", `Bearer ${key}`);
    if (body === undefined) return signed;
    const typed = headers["Content-Type"] === undefined ? signed.set("Content-Type", "application/json") : signed;
    return typed.send(typeof body === "string" ? body : JSON.stringify(body));
  };
}

/** Announces a body of this length and sends no body. Too large requests are refused by their head alone. */
export function announce(url: string, { method, path, key }: Call, bytes: number): Promise<Answer> {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json", "Content-Length": bytes };
  const outgoing = httpRequest(`${url}/gateway${path}`, { method: method.toUpperCase(), headers });
  outgoing.flushHeaders();
  return answered(outgoing, method.toUpperCase(), `/gateway${path}`);
}

/** Attempts a WebSocket handshake, closes the socket and returns the answer. */
export async function knock(url: string, query: string, key?: string, headers: object = {}): Promise<Answer> {
  const path = `/gateway/socket${query}`;
  const authorization = key === undefined ? {} : { Authorization: `Bearer ${key}` };
  const ws = new WebSocket(`${url.replace("http", "ws")}${path}`, { headers: { ...authorization, ...headers } });
  return new Promise((resolve, reject) => {
    let handshake: IncomingMessage | undefined;
    ws.once("upgrade", (response) => {
      handshake = response;
    });
    ws.once("open", () => {
      const { headers = {} } = handshake ?? {};
      ws.once("close", () => resolve({ method: "GET", path, status: 101, headers, text: "" }));
      ws.close();
    });
    ws.once("unexpected-response", (outgoing, response) => {
      textOf(response).then((text) => {
        outgoing.destroy();
        resolve({ method: "GET", path, status: response.statusCode ?? 0, headers: response.headers, text });
      }, reject);
    });
    ws.once("error", reject);
  });
}

/** Listens until the stream matches or ends, and returns all output. */
export async function listen(url: string, path: string, key: string, until: RegExp): Promise<Answer> {
  const stop = new AbortController();
  const headers = { Authorization: `Bearer ${key}`, Accept: "text/event-stream" };
  const response = await fetch(`${url}${path}`, { headers, signal: stop.signal });
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true });
    if (until.test(text)) break;
  }
  stop.abort();
  return { method: "GET", path, status: response.status, headers: Object.fromEntries(response.headers), text };
}

async function answered(outgoing: ClientRequest, method: string, path: string): Promise<Answer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once("response", resolve);
    outgoing.once("error", reject);
  });
  const text = await textOf(response);
  outgoing.destroy();
  return { method, path, status: response.statusCode ?? 0, headers: response.headers, text };
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
