import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arbitraryOf } from "../support/arbitrary.ts";
import { gateway } from "../support/gateway.ts";
import { type Conformance, conform } from "../support/openapi-conformance.ts";
import { callsTo } from "./calls.ts";

type Bag = Record<string, unknown>;

/** Marker that no refusal may repeat; no rid can contain it. */
const MARKER = "m4rk<er>";
const RUNS = { numRuns: 120 };
const OPERATIONS = [
  ["post", "/activities"],
  ["put", "/accounts"],
  ["post", "/tokens"],
  ["post", "/revocations"],
] as const;

/** Lists the paths to every value in a body. Each value can be replaced by a wrong one. */
function pathsIn(value: unknown, path: readonly string[] = []): ReadonlyArray<readonly string[]> {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, child]) => pathsIn(child, [...path, name]))];
}

function spoiled(value: unknown, [name, ...rest]: readonly string[], wrong: unknown): unknown {
  if (name === undefined) return wrong;
  const copy: Bag | unknown[] = Array.isArray(value) ? [...value] : { ...(value as Bag) };
  (copy as Bag)[name] = spoiled((value as Bag)[name], rest, wrong);
  return copy;
}

const wrongs = fc.constantFrom<unknown>(
  MARKER,
  { [MARKER]: MARKER },
  [MARKER],
  [[[MARKER]]],
  `${MARKER}\r\nBcc: everybody@example.org`,
  `${MARKER}\u0000`,
  MARKER.repeat(2_000),
  { toString: MARKER, length: 1 },
  null,
  -1.5,
  1e300,
  true,
  {},
  [],
);

describe("bodies generated from the document", () => {
  let gw: Awaited<ReturnType<typeof gateway>>;
  let key: string;
  let contract: Conformance;
  let call: ReturnType<typeof callsTo>;

  beforeAll(async () => {
    // No worker runs: `crash` would end this process.
    gw = await gateway({ PLATFORMS: "+dummy", QUOTA: "100000" }, { works: false });
    contract = conform(gw.document);
    call = callsTo(gw.url);
    key = await gw.keyOf("all");
  });
  afterAll(() => gw.stop());

  const bodiesOf = (method: string, path: string): fc.Arbitrary<unknown> => {
    if (path === "/accounts") return logins();
    const operation = (gw.document.paths?.[path] as Bag | undefined)?.[method] as Bag;
    const { content } = operation.requestBody as { content: Record<string, { schema: Bag }> };
    return arbitraryOf(content["application/json"]?.schema as Bag, gw.document);
  };

  /** The platform's own schema describes `credentials` and addresses. */
  const logins = (): fc.Arbitrary<unknown> => {
    const credentials = fc.oneof(...gw.credentials.map((schema) => arbitraryOf(schema, gw.document)), fc.jsonValue());
    return arbitraryOf({ $ref: "#/components/schemas/AccountRequest" }, gw.document).chain((body) =>
      fc
        .record({
          platform: fc.constantFrom("email", "smtp"),
          address: fc.oneof(fc.constantFrom("bob@example.com", "Eve+x@mail.example.org"), fc.string({ minLength: 1 })),
          credentials,
        })
        .map((more) => ({ ...(body as Bag), ...more })),
    );
  };

  for (const [method, path] of OPERATIONS) {
    it(`${method} ${path}: valid bodies are accepted or refused by a listed code, never a 5xx`, async () => {
      const statuses = new Set<number>();
      await fc.assert(
        fc.asyncProperty(bodiesOf(method, path), async (body) => {
          const response = contract.seen(await call({ method, path, key, body }));
          statuses.add(response.status);
          expect(response.status).toBeLessThan(500);
        }),
        RUNS,
      );
      // At least some activities must be accepted; otherwise only refusals were tested.
      expect([...statuses].some((status) => status < 300)).toBe(true);
    });

    it(`${method} ${path}: spoiled bodies are refused without an echo`, async () => {
      const cases = bodiesOf(method, path).chain((body) =>
        fc.record({ body: fc.constant(body), pointer: fc.constantFrom(...pathsIn(body)), wrong: wrongs }),
      );
      let refused = 0;
      await fc.assert(
        fc.asyncProperty(cases, async ({ body, pointer, wrong }) => {
          const response = contract.seen(
            await call({ method, path, key, body: spoiled(body, pointer, wrong) ?? "null" }),
          );
          expect(response.status).toBeLessThan(500);
          if (response.status < 400) return;
          refused += 1;
          expect(response.text).not.toContain("m4rk");
        }),
        RUNS,
      );
      expect(refused).toBeGreaterThan(20);
    });

    it(`${method} ${path}: unknown properties are refused without an echo`, async () => {
      await fc.assert(
        fc.asyncProperty(bodiesOf(method, path), async (body) => {
          const more = { ...(Array.isArray(body) ? (body[0] as Bag) : (body as Bag)), [MARKER]: MARKER };
          const response = contract.seen(await call({ method, path, key, body: more }));
          expect([400, 413, 422]).toContain(response.status);
          expect(response.text).not.toContain("m4rk");
        }),
        { numRuns: 40 },
      );
    });
  }

  it("bodies of every verb are accepted as documented", async () => {
    const names = Object.keys(gw.document.components?.schemas ?? {}).filter((name) => name.startsWith("Dummy"));
    expect(names.length).toBeGreaterThan(4);
    const bodies = fc.oneof(...names.map((name) => arbitraryOf({ $ref: `#/components/schemas/${name}` }, gw.document)));
    await fc.assert(
      fc.asyncProperty(bodies, fc.uuid(), async (body, rid) => {
        const { options: _, ...activity } = body as Bag;
        contract.fits("Activity", activity);
        const response = contract.seen(
          await call({ method: "post", path: "/activities", key, body: { ...activity, rid } }),
        );
        expect(response.status).toBe(202);
      }),
      RUNS,
    );
  });

  it("parameters that fit the document are refused by no operation", async () => {
    type Parameter = { in: string; name: string; schema: Bag };
    const paths = Object.entries(gw.document.paths ?? {}) as Array<
      [string, Record<string, { parameters?: unknown[] }>]
    >;
    let asked = 0;
    for (const [path, { get }] of paths) {
      const queries = ((get?.parameters ?? []) as Parameter[]).filter((parameter) => parameter.in === "query");
      // A consent's callback needs what a network made, and a ticket ends at its first use.
      if (queries.length === 0 || path.endsWith("/callback") || path === "/socket") continue;
      // Chosen fields are one text with commas, and go with one format only.
      const model = queries.filter(({ name }) => !["ticket", "wait", "fields"].includes(name));
      const query = fc.record(
        Object.fromEntries(model.map(({ name, schema }) => [name, arbitraryOf(schema, gw.document)])),
        {
          requiredKeys: [],
        },
      );
      await fc.assert(
        fc.asyncProperty(query, async (values) => {
          const pairs = Object.entries(values).flatMap(([name, value]) =>
            [value].flat().map((one) => [name, String(one)]),
          );
          const target = `${path.replace(/\{\w+\}/g, "known")}?${new URLSearchParams(pairs as Array<[string, string]>)}`;
          const headers = { Accept: "application/json" };
          const { status } = await call({ method: "get", path: target, key, headers });
          expect([target, [400, 422].includes(status)]).toEqual([target, false]);
          asked += 1;
        }),
        { numRuns: 40 },
      );
    }
    expect(asked).toBeGreaterThan(150);
  });
});
