import { afterEach, describe, expect, it } from "vitest";
import { AnswerCache } from "../../../../src/egress/dns/answer-cache.ts";
import { dnsQuery } from "../../../../src/egress/dns/query.ts";
import { resolver } from "../../../../src/egress/dns/resolve.ts";
import { parseHosts, parseResolvConf } from "../../../../src/egress/dns/system-config.ts";
import { egress } from "../../../../src/egress/egress.ts";
import { dnsServer, type TestAnswer } from "../../../support/dns-server.ts";

const closers: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A resolver that asks a server of the test alone. */
async function resolverFixture(
  answer: (name: string, type: "A" | "AAAA") => TestAnswer,
  { hosts = "", resolv = "", timeoutMs = 120_000 } = {},
) {
  const server = await dnsServer(answer);
  closers.push(server.close);
  const query = dnsQuery({ servers: [server.address], timeoutMs });
  const readConfig = async () => ({ hosts: parseHosts(hosts), ...parseResolvConf(resolv) });
  return { server, resolve: resolver({ query, readConfig }) };
}
const onlyV4 =
  (...addresses: readonly string[]) =>
  (_name: string, type: "A" | "AAAA"): TestAnswer => ({ addresses: type === "A" ? addresses : [] });

describe("resolver", () => {
  it("returns the addresses of both families", async () => {
    const { resolve } = await resolverFixture((_name, type) => ({
      addresses: type === "A" ? ["192.0.2.1"] : ["2001:db8::7"],
    }));
    const addresses = await resolve("mail.example.org");
    expect([...addresses].sort((a, b) => a.family - b.family)).toEqual([
      { address: "192.0.2.1", family: 4 },
      { address: "2001:db8::7", family: 6 },
    ]);
  });

  it("does not wait for a family that never answers once the other has", async () => {
    const { resolve } = await resolverFixture((_name, type) =>
      type === "A" ? { addresses: ["192.0.2.1"] } : undefined,
    );
    expect(await resolve("half.example.org")).toEqual([{ address: "192.0.2.1", family: 4 }]);
  });

  it("resolves names of one app while queries of another app never return", async () => {
    const { resolve } = await resolverFixture((name, type) =>
      name.endsWith("slow.test") ? undefined : onlyV4("192.0.2.1")(name, type),
    );
    const slow = Array.from({ length: 200 }, (_, n) => resolve(`h${n}.slow.test`, { app: "greedy" }));
    for (const lookup of slow) lookup.catch(() => undefined);
    for (let n = 0; n < 20; n++) await resolve(`h${n}.fast.test`, { app: "modest" });
  });

  it("bounds the queries of one app and goes on with the waiting ones", async () => {
    const { server, resolve } = await resolverFixture(() => undefined, { timeoutMs: 200 });
    const lookups = Array.from({ length: 40 }, (_, n) => resolve(`h${n}.test`, { app: "greedy" }));
    const errors = await Promise.all(lookups.map((lookup) => lookup.catch((error: unknown) => error)));
    for (const error of errors) expect(error).toMatchObject({ code: "EAI_AGAIN" });
    expect(new Set(server.requests.map((question) => question.split(" ")[1])).size).toBe(40);
  });

  it("stops waiting for a share when the caller gives up", async () => {
    const { resolve } = await resolverFixture(() => undefined);
    for (let n = 0; n < 32; n++) resolve(`h${n}.test`, { app: "greedy" }).catch(() => undefined);
    const giveUp = new AbortController();
    const waiting = resolve("last.test", { app: "greedy", signal: giveUp.signal });
    giveUp.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
  });

  it("fails with the codes of dns.lookup", async () => {
    const { resolve } = await resolverFixture((name) => (name === "missing.test" ? "no-such-name" : "server-failure"));
    await expect(resolve("missing.test")).rejects.toMatchObject({ code: "ENOTFOUND", hostname: "missing.test" });
    await expect(resolve("broken.test")).rejects.toMatchObject({ code: "EAI_AGAIN" });
  });

  it("queries a name once for simultaneous callers, and again after the TTL", async () => {
    const { server, resolve } = await resolverFixture(onlyV4("192.0.2.1"));
    await Promise.all(Array.from({ length: 50 }, () => resolve("same.test")));
    await resolve("SAME.test");
    expect(server.requests.filter((question) => question === "A same.test")).toHaveLength(1);
  });

  it("resolves localhost and names of the hosts file without a query", async () => {
    const { server, resolve } = await resolverFixture(() => "no-such-name", {
      hosts: "10.1.2.3 mail mail.lan # comment\n::1 six",
    });
    expect(await resolve("MAIL.lan.")).toEqual([{ address: "10.1.2.3", family: 4 }]);
    expect(await resolve("six")).toEqual([{ address: "::1", family: 6 }]);
    expect((await resolve("app.localhost")).map(({ address }) => address).sort()).toEqual(["127.0.0.1", "::1"]);
    expect(server.requests).toEqual([]);
  });

  it("treats every spelling of an address as that address", async () => {
    const { resolve } = await resolverFixture(() => "no-such-name");
    for (const spelling of ["0x7f.1", "127.1", "2130706433", "0177.0.0.1"])
      expect(await resolve(spelling)).toEqual([{ address: "127.0.0.1", family: 4 }]);
    expect(await resolve("1.2.3.4.5")).toEqual([]);
  });

  it("appends the search domains to short names", async () => {
    const { resolve } = await resolverFixture(
      (name, type) => (name === "db.svc.cluster.test" ? onlyV4("10.0.0.9")(name, type) : "no-such-name"),
      { resolv: "search other.test cluster.test.\noptions ndots:3" },
    );
    expect(await resolve("db.svc")).toEqual([{ address: "10.0.0.9", family: 4 }]);
    await expect(resolve("db.svc.")).rejects.toMatchObject({ code: "ENOTFOUND" });
  });
});

describe("AnswerCache", () => {
  it("bounds TTLs between five seconds and five minutes, and keeps failures for two seconds", async () => {
    let now = 0;
    const cache = new AnswerCache(() => now);
    let requestCount = 0;
    const query = (ttlSeconds: number) => async () => {
      requestCount += 1;
      if (ttlSeconds < 0) throw new Error("no");
      return { addresses: [], ttlSeconds };
    };
    for (const [ttl, holdsMs] of [
      [0, 5_000],
      [60, 60_000],
      [999_999, 300_000],
      [-1, 2_000],
    ] as const) {
      const name = `ttl-${ttl}`;
      const ask = () => cache.get(name, query(ttl)).catch(() => undefined);
      requestCount = 0;
      await ask();
      now += holdsMs - 1;
      await ask();
      expect(requestCount).toBe(1);
      now += 1;
      await ask();
      expect(requestCount).toBe(2);
    }
  });
});

describe("egress guard over the resolver", () => {
  it("checks every resolved address of either family", async () => {
    const { resolve } = await resolverFixture((_name, type) => ({
      addresses: type === "A" ? ["127.0.0.1"] : ["fd00::1"],
    }));
    const guard = egress({ allowPrivate: [], resolve });
    closers.push(guard.close);
    await expect(guard.forApp("app1").connect("inside.test", 80)).rejects.toMatchObject({ code: "address-blocked" });
    await expect(guard.forApp("app1").fetch("http://inside.test/")).rejects.toMatchObject({ code: "address-blocked" });
  });
});
