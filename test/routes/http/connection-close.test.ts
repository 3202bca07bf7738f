import { createServer } from "node:http";
import request from "supertest";
import { expect, test } from "vitest";
import { closeWhileLeaving } from "../../../routes/http/connection-close.ts";

test("answers close their connections only during shutdown", async () => {
  let leaving = false;
  const server = createServer(
    closeWhileLeaving(
      () => leaving,
      (_req, res) => res.end("here"),
    ),
  );
  const head = async () => {
    const { status, headers } = await request(server).get("/").set("Connection", "keep-alive");
    return [status, headers.connection];
  };
  expect(await head()).toEqual([200, "keep-alive"]);
  leaving = true;
  expect(await head()).toEqual([200, "close"]);
});
