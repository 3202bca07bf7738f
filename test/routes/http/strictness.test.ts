import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { gateway } from "../../support/gateway.ts";
import { rawExchange, statusesIn } from "../../support/raw-http.ts";

const ACTIVITY = {
  platform: "dummy",
  verb: "echo",
  actor: { address: "alice" },
  target: { address: "bob" },
  object: { body: "Hi" },
};
const JSON_TYPE = "Content-Type: application/json\r\n";

describe("HTTP as the RFCs say", () => {
  let gw: Awaited<ReturnType<typeof gateway>>;
  let key: string;
  let authorized: string;
  beforeAll(async () => {
    gw = await gateway({ PLATFORMS: "+dummy" }, { works: false });
    key = await gw.keyOf("strict");
    authorized = `Authorization: Bearer ${key}\r\n`;
  });
  afterAll(() => gw.stop());

  const exchange = (text: string, until?: RegExp) => rawExchange(gw.url, text, until);
  const post = (target: string, headers: string, body: string) =>
    `POST ${target} HTTP/1.1\r\nHost: a\r\n${headers}Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
  const posted = JSON.stringify(ACTIVITY);
  const handshake =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

  describe("the Host header (RFC 9112 section 3.2)", () => {
    it.each([
      ["none", ""],
      ["two", "Host: a\r\nHost: b\r\n"],
      ["two of the same name", "Host: a\r\nhost: a\r\n"],
      ["an empty one", "Host:\r\n"],
      ["one with a space", "Host: a b\r\n"],
      ["one with a path", "Host: a/b\r\n"],
      ["one with a login", "Host: a@b\r\n"],
      ["an unfinished address", "Host: [::1\r\n"],
      ["a port of letters", "Host: a:http\r\n"],
    ])("%s is refused with 400 and ends the connection, also at a handshake", async (_name, host) => {
      for (const [path, more] of [
        ["/gateway/healthz", "\r\n"],
        ["/gateway/socket", handshake],
      ]) {
        const text = await exchange(`GET ${path} HTTP/1.1\r\n${host}${more}`);
        expect(statusesIn(text)).toEqual([400]);
        expect(text).toContain('"code":"malformed-request"');
      }
    });

    it.each(["a", "a.example:8080", "127.0.0.1", "[::1]:80", "dragoman_api"])("%s is taken", async (host) => {
      const text = await exchange(`GET /gateway/healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect(statusesIn(text)).toEqual([200]);
    });

    it("may be missing from HTTP/1.0", async () => {
      expect(statusesIn(await exchange("GET /gateway/healthz HTTP/1.0\r\n\r\n"))).toEqual([200]);
    });
  });

  describe("the request's target", () => {
    it.each([
      "http://a.example/gateway/activities",
      "HTTP://a.example:8000/gateway/activities",
      "/gateway/%61ctivities",
      "/%67ateway/activitie%73",
      "http://a.example/gateway/%61ctivities",
    ])("%s is the path of activities", async (target) => {
      expect(statusesIn(await exchange(post(target, authorized + JSON_TYPE, posted)))).toEqual([202]);
    });

    it("is taken at a handshake in each form", async () => {
      for (const target of ["http://a/gateway/socket", "/gateway/%73ocket"]) {
        const text = await exchange(`GET ${target} HTTP/1.1\r\nHost: a\r\n${authorized}${handshake}`, /"ready"/);
        expect(statusesIn(text)).toEqual([101]);
      }
    });

    it.each(["activities", "http:///gateway", "http://a@b/gateway", "*"])("%s is refused with 400", async (target) => {
      expect(statusesIn(await exchange(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`))).toEqual([400]);
    });

    it("keeps an encoded slash apart from a slash", async () => {
      const text = await exchange(`GET /gateway%2Fhealthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      expect(statusesIn(text)).toEqual([404]);
    });

    it("may be * for OPTIONS", async () => {
      const text = await exchange("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      expect(statusesIn(text)).toEqual([204]);
    });
  });

  describe("Expect: 100-continue (RFC 9110 section 10.1.1)", () => {
    const expecting = (path: string, headers: string, length = 10) =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\n${headers}Expect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;

    it.each([
      ["without a key", 401, () => expecting("/gateway/activities", JSON_TYPE)],
      ["without a key on an ordinary route", 401, () => expecting("/gateway/tokens", JSON_TYPE)],
      ["of 20 MB", 413, () => expecting("/gateway/activities", authorized + JSON_TYPE, 20_000_000)],
      ["of 100 kB on an ordinary route", 413, () => expecting("/gateway/tokens", authorized + JSON_TYPE, 100_000)],
      ["of another type", 415, () => expecting("/gateway/activities", authorized)],
      ["for an unknown path", 404, () => expecting("/gateway/nothing", authorized + JSON_TYPE)],
      ["for a path that takes no POST", 405, () => expecting("/gateway/healthz", authorized + JSON_TYPE)],
    ])("a body %s is refused with %i before it is asked for, and the connection ends", async (_name, status, text) => {
      expect(statusesIn(await exchange(text()))).toEqual([status]);
    });

    it.each(["/gateway/activities", "/gateway/tokens"])("a body for %s that is wanted is asked for", async (path) => {
      const text = await exchange(expecting(path, authorized + JSON_TYPE, 2), /100 Continue/);
      expect(statusesIn(text)).toEqual([100]);
    });
  });

  describe("offers of other protocols (RFC 9110 section 7.8)", () => {
    const h2c = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n";
    const get = (path: string, more: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n${authorized}${more}`;
    const poll = () => get("/gateway/events?wait=1", "Accept: application/json\r\n\r\n");

    it("are ignored, and `Connection: close` beside one still closes", async () => {
      const text = await exchange(
        get("/gateway/healthz", "Connection: close, Upgrade\r\nUpgrade: h2c\r\n\r\n") + get("/gateway/healthz", "\r\n"),
      );
      expect(statusesIn(text)).toEqual([200]);
      expect(text).toMatch(/^Connection: close\r$/m);
    });

    it("are answered in the order of the requests on their connection", async () => {
      const text = await exchange(
        poll() + get("/gateway/platforms", h2c) + get("/nowhere", "Connection: close\r\n\r\n"),
      );
      expect(statusesIn(text)).toEqual([200, 200, 404]);
      expect(text.indexOf('"events"')).toBeLessThan(text.indexOf('"platforms"'));
    });

    it("wait at a handshake for the answers before it", async () => {
      const text = await exchange(poll() + get("/gateway/socket", handshake), /"ready"/);
      expect(statusesIn(text)).toEqual([200, 101]);
    });
  });

  describe("paths", () => {
    it.each([
      ["no JSON", JSON_TYPE, "{"],
      ["another type", "Content-Type: text/plain\r\n", "Hi"],
      ["no type", "", "{}"],
      ["100 kB", JSON_TYPE, JSON.stringify("x".repeat(100_000))],
    ])("that lie nowhere are 404 for a body that is %s", async (_name, type, body) => {
      expect(statusesIn(await exchange(post("/gateway/nothing", authorized + type, body)))).toEqual([404]);
    });

    it("that need a key are 401 whatever the body", async () => {
      for (const path of ["activities", "tokens", "revocations", "accounts/twitter/connect", "hooks/a/replay"])
        expect(statusesIn(await exchange(post(`/gateway/${path}`, JSON_TYPE, "{")))).toEqual([401]);
    });

    it("answer 405 with the methods that the document names in Allow", async () => {
      for (const [path, item] of Object.entries(gw.document.paths ?? {})) {
        const documented = Object.keys(item ?? {}).filter((name) => name !== "parameters");
        const target = `/gateway${path.replace(/\{\w+\}/g, "some")}`;
        const text = await exchange(`PATCH ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
        expect([path, statusesIn(text)]).toEqual([path, [405]]);
        const allowed = (/^Allow: (.*)\r$/m.exec(text)?.[1] ?? "").toLowerCase().split(", ");
        expect(allowed, path).toEqual(expect.arrayContaining([...documented, "options"]));
        expect(allowed.filter((name) => !["head", "options", ...documented].includes(name))).toEqual([]);
      }
    });

    it("of the socket answer 426 with Upgrade, Connection and Allow to a plain GET, and 405 to a POST", async () => {
      const plain = await exchange("GET /gateway/socket HTTP/1.1\r\nHost: a\r\n\r\n", /\}$/);
      expect(statusesIn(plain)).toEqual([426]);
      for (const header of ["Upgrade: websocket", "Connection: Upgrade", "Allow: GET, OPTIONS"])
        expect(plain).toContain(`\r\n${header}\r\n`);
      const other = await exchange(post("/gateway/socket", "", ""));
      expect(statusesIn(other)).toEqual([405]);
      expect(other).toContain("\r\nAllow: GET, OPTIONS\r\n");
    });
  });

  describe("lists", () => {
    const item = (more: object) => ({ ...ACTIVITY, ...more });
    it.each([
      ["an unknown platform", [item({ rid: "a", platform: "pigeon" }), item({})]],
      ["an unknown verb", [item({ rid: "b", verb: "fly" })]],
      ["a wrong field", [item({ rid: "c", target: { address: 1 } })]],
      ["an unusable rid", [item({ rid: "no rid" })]],
      ["what is no object", [null, 1, "a", [], true]],
      ["nothing", []],
      ["101 items", Array.from({ length: 101 }, () => item({}))],
      ["an item of 70 kB", [item({ rid: "d", object: { body: "x".repeat(70_000) } }), item({})]],
      ["no JSON", "[{]"],
      ["the same key twice", '[{"rid":"e","rid":"f"}]'],
    ])("with %s are refused alike by REST and the socket", async (_name, list) => {
      const body = typeof list === "string" ? list : JSON.stringify(list);
      const response = await fetch(`${gw.url}/gateway/activities`, {
        method: "POST",
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
        body,
      });
      const answer = (await response.json()) as object[] | object;
      const expected = Array.isArray(answer) ? answer : [{ type: "refused", problem: answer }];
      expect(await overSocket(body, expected.length)).toEqual(expected.map(known));
    });

    /** A confirm without what differs from one to the next. */
    const known = (answer: object) => ({
      ...answer,
      ...("href" in answer ? { rid: undefined, id: undefined, href: undefined } : {}),
    });

    async function overSocket(frame: string, count: number): Promise<object[]> {
      const socket = new WebSocket(`${gw.url.replace("http", "ws")}/gateway/socket`, {
        headers: { Authorization: `Bearer ${key}` },
      });
      const answers: object[] = [];
      return new Promise((resolve, reject) => {
        socket.on("open", () => socket.send(frame));
        socket.on("error", reject);
        socket.on("message", (data) => {
          const message = JSON.parse(data.toString()) as { type: string };
          if (message.type !== "confirm" && message.type !== "refused") return;
          answers.push(known(message));
          if (answers.length < count) return;
          socket.terminate();
          resolve(answers);
        });
      });
    }
  });
});
