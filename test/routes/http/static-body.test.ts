import express from "express";
import request from "supertest";
import { describe, expect, it } from "vitest";
import { staticBody } from "../../../routes/http/static-body.ts";

const long = Buffer.from("gateway ".repeat(1_000));
const options = { type: "text/plain; charset=utf-8", headers: { "Cache-Control": "public, max-age=60" } };
const app = express()
  .get("/long", staticBody(long, options))
  .get("/short", staticBody(Buffer.from("short"), options));

describe("static bodies", () => {
  it("are compressed for clients that take gzip, and plain for others", async () => {
    const compressed = await request(app).get("/long").set("Accept-Encoding", "gzip");
    expect(compressed.headers).toMatchObject({ "content-encoding": "gzip", vary: "Accept-Encoding" });
    expect(compressed.text).toBe(long.toString());
    const plain = await request(app).get("/long").set("Accept-Encoding", "identity");
    expect(plain.headers["content-encoding"]).toBeUndefined();
    expect(plain.headers.vary).toBe("Accept-Encoding");
    expect(plain.text).toBe(long.toString());
    expect(plain.headers.etag).not.toBe(compressed.headers.etag);
  });

  it("answer 304 to each form's own validator", async () => {
    for (const coding of ["gzip", "identity"]) {
      const first = await request(app).get("/long").set("Accept-Encoding", coding);
      const asked = { "Accept-Encoding": coding, "If-None-Match": first.headers.etag as string };
      expect((await request(app).get("/long").set(asked)).status).toBe(304);
    }
  });

  it("are left plain where compression saves nothing", async () => {
    const answer = await request(app).get("/short").set("Accept-Encoding", "gzip");
    expect([answer.text, answer.headers["content-encoding"]]).toEqual(["short", undefined]);
  });
});
