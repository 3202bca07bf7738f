import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { luaScript, oneOf } from "../../../src/redis/script-loader.ts";
import { scriptRunner } from "../../../src/redis/script-runner.ts";
import { type RedisProcess, redisProcess } from "../../support/redis-process.ts";

let server: RedisProcess;
let folder: string;

beforeAll(async () => {
  server = await redisProcess();
  folder = mkdtempSync(join(tmpdir(), "dragoman-lua-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await server.stop();
});

function write(name: string, ...lines: readonly string[]): URL {
  const file = join(folder, `${name}.lua`);
  writeFileSync(file, lines.join("\n"));
  return pathToFileURL(file);
}

describe("luaScript", () => {
  it("passes keys and arguments to the body by name", async () => {
    const file = write(
      "store",
      "-- KEYS: first second",
      "-- ARGV: value",
      "redis.call('MSET', first, value, second, 'b')",
    );
    const store = luaScript(file, { keys: ["first", "second"], args: ["value"] });
    const run = scriptRunner(server.client(), { store });
    await run.store({ keys: { second: "k2", first: "k1" }, args: { value: "a" } });
    expect(await server.client().mget("k1", "k2")).toEqual(["a", "b"]);
  });

  it("collects the values after the single names in a table", async () => {
    const file = write(
      "collect",
      "-- KEYS: one others...",
      "-- ARGV: head tail...",
      "return { one, #others, others[2], head, #tail, tail[3] }",
    );
    const run = scriptRunner(server.client(), {
      collect: luaScript(file, { keys: ["one", "others..."], args: ["head", "tail..."] }),
    });
    const answer = await run.collect({
      keys: { one: "a", others: ["b", "c"] },
      args: { head: 1, tail: ["x", 2, true] },
    });
    expect(answer).toEqual(["a", 2, "c", "1", 3, "1"]);
  });

  it("passes true as 1, false as the empty string, and bytes as they are", async () => {
    const file = write("bytes", "-- ARGV: yes no bytes", "return { yes, no, #bytes }");
    const script = luaScript(file, { keys: [], args: ["yes", "no", "bytes"] });
    const run = scriptRunner(server.client(), { script });
    const args = { yes: true, no: false, bytes: Buffer.from([0, 255, 10]) };
    expect(await run.script({ keys: {}, args })).toEqual(["1", "", 3]);
  });

  it("inserts shared parts and their includes", async () => {
    write("inner", "local function inner() return 'inner' end");
    write("outer", "-- USES: prefix", "-- INCLUDE: ./inner", "local function outer() return prefix .. inner() end");
    const file = write("whole", "-- ARGV: prefix", "-- INCLUDE: clock ./outer ./inner", "return { outer(), clock() }");
    const run = scriptRunner(server.client(), { whole: luaScript(file, { keys: [], args: ["prefix"] }) });
    const before = Date.now();
    const [text, now] = (await run.whole({ keys: {}, args: { prefix: "p-" } })) as [string, number];
    expect(text).toBe("p-inner");
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it("refuses names that differ from the header's", () => {
    const file = write("named", "-- KEYS: record lane", "return 1");
    expect(() => luaScript(file, { keys: ["lane", "record"] })).toThrow('KEYS is "record lane" in the header');
  });

  it("refuses a script that lacks a name its include needs", () => {
    const file = write("lacking", "-- KEYS: log", "-- INCLUDE: append", "return append('x')");
    expect(() => luaScript(file, { keys: ["log"] })).toThrow("append needs the names epoch, nextEpoch, eventsKept");
  });

  it.each(["end", "redis", "a-b", "rest... more"])("refuses %s among the names", (names) => {
    const file = write("reserved", `-- KEYS: ${names}`, "return 1");
    expect(() => luaScript(file, { keys: names.split(" ") })).toThrow("can't be a name here");
  });

  it("refuses a name that is declared twice", () => {
    const file = write("twice", "-- KEYS: lane", "-- ARGV: lane", "return 1");
    expect(() => luaScript(file, { keys: ["lane"], args: ["lane"] })).toThrow("declared twice");
  });
});

describe("scriptRunner", () => {
  it("reloads a script that the server lost", async () => {
    const script = luaScript(write("again", "return 'yes'"), { keys: [], reply: oneOf("yes") });
    const client = server.client();
    const run = scriptRunner(client, { script });
    expect(await run.script({ keys: {} })).toBe("yes");
    await client.script("FLUSH");
    expect(await run.script({ keys: {} })).toBe("yes");
  });

  it("throws for an undeclared answer of a script", async () => {
    const script = luaScript(write("strange", "return 'maybe'"), { keys: [], reply: oneOf("yes", "no") });
    const run = scriptRunner(server.client(), { script });
    await expect(run.script({ keys: {} })).rejects.toThrow("script answered maybe instead of yes, no");
  });

  it("sends calls of a grouped script as one, of which one may fail alone", async () => {
    const file = write("append-to", "-- KEYS: list", "-- ARGV: value", "return redis.call('RPUSH', list, value)");
    const client = server.client();
    await client.flushall();
    await client.set("{g}text", "x");
    const script = luaScript(file, { keys: ["list"], args: ["value"], reply: Number });
    const run = scriptRunner(client, { script }, ["script"]);
    await client.config("RESETSTAT");
    const lists = ["{g}a", "{g}text", "{g}a"];
    const outcomes = await Promise.allSettled(
      lists.map((list) => run.script({ keys: { list }, args: { value: "v" } })),
    );
    expect(outcomes).toMatchObject([
      { value: 1 },
      { reason: { message: expect.stringMatching(/^WRONGTYPE /) } },
      { value: 2 },
    ]);
    // The first try finds that the server does not know the script.
    const stats = await client.info("commandstats");
    expect(stats).toMatch(/cmdstat_evalsha:calls=1,/);
    expect(stats).toMatch(/cmdstat_eval:calls=1,/);
  });

  it("gives each call of a group its own values, whichever of them are the same", async () => {
    const file = write(
      "echo",
      "-- KEYS: first second others...",
      "-- ARGV: value count rest...",
      "return { first, second, table.concat(others, ' '), value, count, table.concat(rest, ' ') }",
    );
    const echo = luaScript(file, { keys: ["first", "second", "others..."], args: ["value", "count", "rest..."] });
    const run = scriptRunner(server.client(), { echo }, ["echo"]);
    const word = fc.constantFrom("a", "b", "", "1", "0");
    const key = fc.constantFrom("{g}a", "{g}b");
    const call = fc.record({
      keys: fc.record({ first: key, second: key, others: fc.array(key, { maxLength: 3 }) }),
      args: fc.record({ value: word, count: fc.nat(2), rest: fc.array(word, { maxLength: 3 }) }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 8 }), async (calls) => {
        const answers = await Promise.all(calls.map((one) => run.echo(one)));
        const expected = calls.map(({ keys: { first, second, others }, args: { value, count, rest } }) => [
          first,
          second,
          others.join(" "),
          value,
          String(count),
          rest.join(" "),
        ]);
        expect(answers).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  it("fails a group as a single call where the server refuses all, so that the client sees why", async () => {
    const file = write("set-one", "-- KEYS: name", "redis.call('SET', name, 'x')");
    const client = server.client();
    const script = luaScript(file, { keys: ["name"] });
    const run = scriptRunner(client, { script }, ["script"]);
    await client.replicaof("127.0.0.1", "1");
    const outcomes = await Promise.allSettled([1, 2].map(() => run.script({ keys: { name: "{g}x" } })));
    await client.replicaof("NO", "ONE");
    expect(outcomes).toMatchObject([1, 2].map(() => ({ reason: { message: expect.stringMatching(/^READONLY /) } })));
  });
});
