import { once } from "node:events";
import type { OpenAPIV3_1 } from "openapi-types";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { cpuGrowth, cpuOf, leastCost } from "../support/cpu-growth.ts";
import { gateway } from "../support/gateway.ts";

/** CPU that one body of up to 64 kB may cost, in ms. A quadratic expression takes seconds; a busy machine adds no CPU. */
const MAX_CPU_MS = 750;
/** CPU of one body of some MB, and so the longest stall, in ms. What was fixed here stalled the loop for 5,900. */
const MAX_LARGE_CPU_MS = 2_000;
/** Growth of the CPU when a body grows fourfold: 4 is linear, 16 quadratic. */
const MAX_GROWTH = 9;

/** Texts that make careless expressions go back. Each is a long run with a wrong character at its end. */
const HOSTILE: Readonly<Record<string, (length: number) => string>> = {
  spaces: (length) => `${" ".repeat(length)}!`,
  "line ends": (length) => `${"\n".repeat(length)}!`,
  slashes: (length) => `${"/".repeat(length)}x`,
  digits: (length) => `${"0".repeat(length)}x`,
  letters: (length) => `${"a".repeat(length)}\u0000`,
  "host labels": (length) => `a@${"a.".repeat(length / 2)}!`,
  "at signs": (length) => "a@".repeat(length / 2),
  "angle brackets": (length) => "<".repeat(length),
  brackets: (length) => "![".repeat(length / 2),
  stars: (length) => `${"*_".repeat(length / 2)}x`,
};
const SMALL = 4_000;
const LARGE = 60_000;

type Bag = Record<string, unknown>;

/** Places of texts in a body. */
function textsIn(value: unknown, path: readonly string[] = []): ReadonlyArray<readonly string[]> {
  if (typeof value === "string") return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, child]) => textsIn(child, [...path, name]));
}

function replaced(value: unknown, [name, ...rest]: readonly string[], text: string): unknown {
  if (name === undefined) return text;
  const copy: Bag = Array.isArray(value) ? ([...value] as unknown as Bag) : { ...(value as Bag) };
  copy[name] = replaced(copy[name], rest, text);
  return copy;
}

describe("the worst bodies", () => {
  let gw: Awaited<ReturnType<typeof gateway>>;
  let key: string;
  let neighbour: string;

  beforeAll(async () => {
    gw = await gateway({ PLATFORMS: "+dummy", QUOTA: "1000000", RATE: "1000000" }, { works: false });
    key = await gw.keyOf("hostile");
    neighbour = await gw.keyOf("neighbour");
  });
  afterAll(() => gw.stop());

  const call = (method: string, path: string, owner: string, body?: string | Buffer) =>
    fetch(`${gw.url}/gateway${path}`, {
      method,
      headers: { Authorization: `Bearer ${owner}`, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: body as string }),
    });

  /** Sends a body while the neighbour asks something too; returns the process' CPU in ms. */
  async function costOf(method: string, path: string, body: string | Buffer): Promise<number> {
    return cpuOf(async () => {
      const [answer, other] = await Promise.all([
        call(method, path, key, body),
        call("GET", "/activities/none", neighbour),
      ]);
      await Promise.all([answer.text(), other.text()]);
      expect(answer.status).toBeLessThan(500);
      expect(other.status).toBe(404);
    });
  }

  const operations = (): ReadonlyArray<readonly [method: string, path: string, bodies: readonly unknown[]]> =>
    Object.entries(gw.document.paths ?? {}).flatMap(([path, item]) =>
      Object.entries(item as Record<string, OpenAPIV3_1.OperationObject>).flatMap(([method, operation]) => {
        const { content } = (operation.requestBody ?? { content: {} }) as OpenAPIV3_1.RequestBodyObject;
        const examples = Object.values(content["application/json"]?.examples ?? {});
        if (content["application/json"] === undefined) return [];
        const bodies = examples.map((example) => (example as OpenAPIV3_1.ExampleObject).value as unknown);
        return [[method.toUpperCase(), path.replace(/\{\w+\}/g, "twitter"), bodies] as const];
      }),
    );

  it("cost linear time in each text of each operation, and the neighbour is answered", async () => {
    expect(operations().length).toBeGreaterThan(6);
    const slow: string[] = [];
    const seen = new Set<string>();
    for (const [method, path, bodies] of operations()) {
      for (const body of bodies.length > 0 ? bodies : [{ text: "" }]) {
        for (const place of textsIn(body)) {
          // One schema is behind the same place of a verb's examples.
          const { platform = "", verb = "" } = (body ?? {}) as Bag;
          const name = `${method} ${path} ${platform} ${verb} ${place.join("/")}`;
          if (seen.has(name)) continue;
          seen.add(name);
          for (const [kind, text] of Object.entries(HOSTILE)) {
            const hostile = JSON.stringify(replaced(body, place, text(LARGE / 2)));
            const ms = await leastCost(MAX_CPU_MS, () => costOf(method, path, hostile));
            if (ms > MAX_CPU_MS) slow.push(`${name} ${kind}: ${Math.round(ms)} ms`);
          }
        }
      }
    }
    expect(seen.size).toBeGreaterThan(100);
    expect(slow).toEqual([]);
  }, 300_000);

  it.each(Object.keys(HOSTILE))(
    "cost at most linear time as texts of an activity grow: %s",
    async (kind) => {
      const text = HOSTILE[kind] ?? (() => "");
      const activity = {
        platform: "email",
        verb: "send",
        actor: { address: "a@b.org" },
        target: { address: "c@d.org" },
      };
      const cost = async (length: number) => {
        let total = 0;
        for (let run = 0; run < 10; run++)
          for (const object of [{ body: text(length) }, { html: text(length) }, { body: "a", subject: text(length) }])
            total += await costOf("POST", "/activities", JSON.stringify({ ...activity, object }));
        return total;
      };
      await cost(SMALL);
      const growth = await cpuGrowth(
        MAX_GROWTH,
        () => cost(LARGE / 4),
        () => cost(LARGE),
      );
      expect(growth.factor, JSON.stringify(growth)).toBeLessThanOrEqual(MAX_GROWTH);
    },
    60_000,
  );

  const contents: ReadonlyArray<readonly [name: string, content: (bytes: number) => string]> = [
    ["line ends and a wrong character", (bytes) => `${"\\n".repeat(bytes / 2)}!`],
    ["base64 with padding in its middle", (bytes) => `${"A".repeat(bytes / 2)}=${"A".repeat(bytes / 2)}`],
    ["padding only", (bytes) => "=".repeat(bytes)],
    ["escapes", (bytes) => "\\u0041".repeat(bytes / 6)],
    ["backslashes", (bytes) => "\\\\".repeat(bytes / 2)],
  ];
  const letter = (content: string) =>
    `{"platform":"email","verb":"send","actor":{"address":"a@b.org"},"target":{"address":"c@d.org"},` +
    `"object":{"body":"Hi","attachments":[{"name":"a","content":"${content}"}]}}`;
  const shapes: ReadonlyArray<readonly [name: string, body: (bytes: number) => string]> = [
    ...contents.map(([name, content]) => [`content: ${name}`, (bytes: number) => letter(content(bytes))] as const),
    ["open brackets", (bytes) => "[".repeat(bytes)],
    ["open objects", (bytes) => '{"a":'.repeat(bytes / 5)],
    ["many keys", (bytes) => `{${Array.from({ length: bytes / 12 }, (_, index) => `"k${index}":1`).join()}}`],
    ["spaces", (bytes) => `${" ".repeat(bytes)}{}`],
    ["many small items", (bytes) => `[${"{},".repeat(bytes / 3)}{}]`],
    ["many attachments", (bytes) => letter('"},{"name":"a","content":"'.repeat(bytes / 27).slice(0, -3))],
    ["a long number", (bytes) => `{"rid":${"1".repeat(bytes)}}`],
  ];

  it.each(shapes)(
    "of 120 kB, 1 MB and 4 MB are answered without a stall: %s",
    async (_name, body) => {
      const cost = (bytes: number) => {
        const large = Buffer.from(body(bytes));
        return () => costOf("POST", "/activities", large);
      };
      await cost(120_000)();
      const growth = await cpuGrowth(MAX_GROWTH, cost(1_000_000), cost(4_000_000));
      expect(growth.factor, JSON.stringify(growth)).toBeLessThanOrEqual(MAX_GROWTH);
      expect(growth.largeMs).toBeLessThan(MAX_LARGE_CPU_MS);
    },
    60_000,
  );

  it("over the socket are refused while the neighbour is answered", async () => {
    const socket = new WebSocket(`${gw.url.replace("http", "ws")}/gateway/socket`, {
      headers: { Authorization: `Bearer ${key}` },
    });
    const [greeting] = await once(socket, "message");
    expect(String(greeting)).toContain('"ready"');
    const frames = contents.slice(0, 3).flatMap(([, content]) => [120_000, 1_000_000].map((size) => content(size)));
    for (const frame of frames) {
      const sample = () =>
        cpuOf(async () => {
          const refused = once(socket, "message");
          socket.send(letter(frame));
          const [[answer], other] = await Promise.all([refused, call("GET", "/activities/none", neighbour)]);
          expect(String(answer)).toContain('"refused"');
          expect(other.status).toBe(404);
        });
      expect(await leastCost(MAX_LARGE_CPU_MS, sample)).toBeLessThanOrEqual(MAX_LARGE_CPU_MS);
    }
    socket.terminate();
  });
});
