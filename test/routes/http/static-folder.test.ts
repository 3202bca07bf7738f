import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import express from "express";
import request from "supertest";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { staticFolder } from "../../../routes/http/static-folder.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dgm-static-"));
  await mkdir(join(dir, "site/part"), { recursive: true });
  await Promise.all([
    writeFile(join(dir, "secret.html"), "outside"),
    writeFile(join(dir, "site/index.html"), "index"),
    writeFile(join(dir, "site/part/page.html"), "x".repeat(5_000)),
    writeFile(join(dir, "site/app.js"), "1"),
    writeFile(join(dir, "site/app.js.map"), "{}"),
  ]);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Serves the folder as the routes do. */
function site() {
  const files = staticFolder(join(dir, "site"), { "Cache-Control": "no-cache" });
  const app = express();
  app.get(["/", "/*address"], (req, res, next) => {
    const { address = [] } = req.params as { readonly address?: readonly string[] };
    const handler = files.handlerOf(address.join("/"));
    return handler === undefined ? res.status(404).end() : handler(req, res, next);
  });
  return request(createServer(app));
}

describe("staticFolder", () => {
  it.each([
    ["/", "index", "text/html; charset=utf-8"],
    ["/app.js", "1", "text/javascript; charset=utf-8"],
    ["/part/page", "x".repeat(5_000), "text/html; charset=utf-8"],
  ])("serves %s with its type and headers", async (path, text, type) => {
    const answer = await site().get(path).expect(200).expect("Content-Type", type).expect("Cache-Control", "no-cache");
    expect(answer.text).toBe(text);
    expect(answer.headers["x-content-type-options"]).toBe("nosniff");
  });

  it("compresses what is large, and answers 304 to who has it", async () => {
    const answer = await site().get("/part/page").set("Accept-Encoding", "gzip").expect("Content-Encoding", "gzip");
    const tag = String(answer.headers.etag);
    await site().get("/part/page").set("Accept-Encoding", "gzip").set("If-None-Match", tag).expect(304);
  });

  it.each([
    "/part",
    "/page",
    "/app.js.map",
    "/../secret",
    "/..%2fsecret",
    "/%2e%2e/secret",
    "/part%2f..%2f..%2fsecret",
  ])("serves nothing at %s", async (path) => {
    await site().get(path).expect(404);
  });

  it("is empty without a folder", () => {
    const none = staticFolder(undefined, {});
    expect(none.isEmpty).toBe(true);
    expect(none.handlerOf("")).toBeUndefined();
  });
});
