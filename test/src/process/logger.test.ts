import { Writable } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { pinoLog } from "../../../src/process/logger.ts";
import { redaction } from "../../../src/process/redaction.ts";

function capture(level: "debug" | "info" | "silent" = "info") {
  const lines: string[] = [];
  const to = new Writable({
    write: (chunk, _encoding, done) => {
      lines.push(String(chunk));
      done();
    },
  });
  const hidden = redaction();
  return { lines, hidden, log: pinoLog({ level, role: "api", redaction: hidden, to }) };
}

test("each log entry is one line of JSON with its fields, time, level and role", () => {
  const { log, lines } = capture();
  log.child({ app: "a1" }).warn({ rid: "r1" }, "Something was odd");
  log.debug({}, "Not at this level");
  expect(lines).toHaveLength(1);
  const event = JSON.parse(lines[0] as string);
  expect(event).toMatchObject({ level: "warn", role: "api", app: "a1", rid: "r1", msg: "Something was odd" });
  expect(new Date(event.time).toISOString()).toBe(event.time);
});

test("the level silent writes no line", () => {
  const { log, lines } = capture("silent");
  log.error({}, "Nobody hears");
  expect(lines).toHaveLength(0);
});

test("a registered secret is masked in any form and field", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 6, maxLength: 40, unit: "grapheme-ascii" }), fc.string(), (secret, around) => {
      // Secrets that also occur in the replacement text or in paths of a stack trace cannot be told apart.
      fc.pre(/[^\sa-zA-Z/:.()[\]]/.test(secret));
      const { log, lines, hidden } = capture();
      hidden.hide(secret);
      log.info({ deep: { er: [`${around} ${secret}`] } }, "It was said");
      log.error({ error: new Error(`login with ${secret} failed`) }, "It failed");
      log.info(
        { url: `http://x/?q=${encodeURIComponent(secret)}`, sasl: Buffer.from(secret).toString("base64") },
        "Sent",
      );
      for (const line of lines) {
        const { deep, error, url, sasl } = JSON.parse(line);
        for (const text of [deep?.er[0], error?.message, error?.stack, url, sasl]) {
          expect(text ?? "").not.toContain(secret);
        }
        expect(line).not.toContain(Buffer.from(secret).toString("base64").replace(/=+$/, ""));
      }
    }),
  );
});

test.each([
  "dgm_1vy0uBsRv2Cf_Ul4y9eMAyKo9CTBcColdfJEumg8p6WayjGREvHTgK0p_29uLOf",
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
  "Bearer c29tZXRva2Vu",
])("text that looks like a secret is masked: %s", (secret) => {
  const { log, lines } = capture();
  log.info({ header: secret }, "A request came");
  expect(lines[0]).not.toContain(secret.split(" ").at(-1));
});

test("a token after a line break is masked", () => {
  const { log, lines } = capture();
  log.info({ text: "\neyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl" }, "It said");
  expect(JSON.parse(lines[0] as string).text).toBe("\n[secret]");
});

test("a web token is blanked wherever it begins in words with dots, and nothing else is", () => {
  const { log, lines } = capture();
  const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
  log.info({ text: `a.b-${token}.mx.example.org ${token}- a-long-name.of.some-host.example.org` }, "It said");
  expect(JSON.parse(lines[0] as string).text).toBe(
    "a.b-[secret].mx.example.org [secret] a-long-name.of.some-host.example.org",
  );
});

test("tickets in query strings and logins in URLs are masked", () => {
  const { log, lines } = capture();
  log.info({ url: "/gateway/events?ticket=abc123&after=7", relay: "smtp://bob:hunter22@mx.example.org" }, "A request");
  expect(JSON.parse(lines[0] as string)).toMatchObject({
    url: "/gateway/events?ticket=[secret]&after=7",
    relay: "smtp://bob:[secret]@mx.example.org",
  });
});

test("no input breaks a line or emits terminal control codes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const { log, lines } = capture();
      log.info({ text }, "It said");
      expect(lines).toHaveLength(1);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
      expect((lines[0] as string).slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
      JSON.parse(lines[0] as string);
    }),
  );
});

test("an error is logged with name, message, code and stack only", () => {
  const { log, lines } = capture();
  log.error({ error: Object.assign(new Error("no"), { code: "ECONNRESET", options: { pass: "x" } }) }, "It failed");
  expect(Object.keys(JSON.parse(lines[0] as string).error)).toEqual(["name", "message", "code", "stack"]);
});

test("the number of registered secrets is bounded, and the newest stay", () => {
  const hidden = redaction();
  for (let i = 0; i < 10_000; i++) hidden.hide(`secret-number-${i}`);
  expect(hidden.apply('"secret-number-9999"')).toBe('"[secret]"\n');
  expect(hidden.apply('"secret-number-17"')).toBe('"secret-number-17"\n');
});
