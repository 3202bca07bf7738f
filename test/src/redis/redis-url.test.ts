import fc from "fast-check";
import { expect, test } from "vitest";
import { ConfigError } from "../../../src/config/settings.ts";
import { readRedisUrl } from "../../../src/redis/redis-url.ts";

test.each([
  ["redis://localhost", { kind: "single", nodes: [{ host: "localhost", port: 6379 }], db: 0, tls: false }],
  [
    "rediss://bob:p%40ss@db.example.org:7000/3",
    {
      kind: "single",
      nodes: [{ host: "db.example.org", port: 7000 }],
      db: 3,
      tls: true,
      username: "bob",
      password: "p@ss",
    },
  ],
  [
    "redis://:secret@[::1]:6380",
    { kind: "single", nodes: [{ host: "::1", port: 6380 }], db: 0, tls: false, password: "secret" },
  ],
  ["unix:/run/redis.sock", { kind: "single", nodes: [], path: "/run/redis.sock", db: 0, tls: false }],
  ["unix:/run/redis.sock?db=2", { kind: "single", nodes: [], path: "/run/redis.sock", db: 2, tls: false }],
  ["unix:///run/a%20b.sock", { kind: "single", nodes: [], path: "/run/a b.sock", db: 0, tls: false }],
  [
    "redis+sentinel://u:p@a:1,b/mymaster/1",
    {
      kind: "sentinel",
      nodes: [
        { host: "a", port: 1 },
        { host: "b", port: 26379 },
      ],
      master: "mymaster",
      db: 1,
      tls: false,
      username: "u",
      password: "p",
    },
  ],
  [
    "rediss+cluster://a:1,b:2",
    {
      kind: "cluster",
      nodes: [
        { host: "a", port: 1 },
        { host: "b", port: 2 },
      ],
      db: 0,
      tls: true,
    },
  ],
])("%s", (url, endpoint) => {
  expect(readRedisUrl(url)).toEqual(endpoint);
});

test.each([
  "redis://",
  "redis://a,b",
  "redis://a:0",
  "redis://a:70000",
  "redis://a/x",
  "redis://a/1/2",
  "redis+sentinel://a:1",
  "redis+cluster://a:1/1",
  "unix:relative",
  "http://a",
  "redis://u:%zz@a",
])("refuses %s", (url) => {
  expect(() => readRedisUrl(url)).toThrow(ConfigError);
});

test("readRedisUrl > never repeats the password in a refusal", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9]{12,20}$/), fc.string(), (password, rest) => {
      try {
        readRedisUrl(`redis://user:${password}@host/${rest}/x/y`);
      } catch (error) {
        expect((error as Error).message).not.toContain(password);
        return;
      }
      throw new Error("it was taken");
    }),
  );
});
