import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RequestHandler } from "express";
import { staticBody } from "./static-body.ts";

/** Media types by the endings of served files; files of other endings are not served. */
const TYPES: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json; charset=utf-8",
  md: "text/markdown; charset=utf-8",
  txt: "text/plain; charset=utf-8",
  svg: "image/svg+xml",
  png: "image/png",
};

/** Files of a folder by their addresses, as they were when the process started. */
export interface StaticFolder {
  readonly isEmpty: boolean;
  /** Returns the handler of an address below the folder; "" is its index page. Pages have no ending in addresses. */
  readonly handlerOf: (address: string) => RequestHandler | undefined;
}

/** Serves a folder's files with these headers. A file is read at its first request; no request names a path of the disk. */
export function staticFolder(folder: string | undefined, headers: Readonly<Record<string, string>>): StaticFolder {
  const files = new Map(filesIn(folder).map((name) => [addressOf(name), name]));
  const handlers = new Map<string, RequestHandler>();
  return {
    isEmpty: files.size === 0,
    handlerOf(address) {
      const name = files.get(address);
      if (folder === undefined || name === undefined) return undefined;
      const type = TYPES[endingOf(name)] ?? "application/octet-stream";
      const handler = handlers.get(address) ?? staticBody(readFileSync(join(folder, name)), { type, headers });
      handlers.set(address, handler);
      return handler;
    },
  };
}

/** Finds a folder that the build wrote. It lies in `dist`, seen from there and from the sources. */
export function builtFolder(name: string): string | undefined {
  return [`../../${name}`, `../../dist/${name}`]
    .map((up) => fileURLToPath(new URL(up, import.meta.url)))
    .find((folder) => existsSync(join(folder, "index.html")));
}

function filesIn(folder: string | undefined): readonly string[] {
  if (folder === undefined) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => TYPES[endingOf(name)] !== undefined);
}

function addressOf(name: string): string {
  return name === "index.html" ? "" : name.replace(/\.html$/, "");
}

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
