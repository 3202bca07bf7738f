import { mkdtempSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { validationErrors } from "../../../../src/model/validate.ts";
import { objectIssues } from "../../../../src/platform/vocabulary/vocabulary.ts";
import { parseJrd } from "../../../../src/platforms/webfinger/client/jrd.ts";
import { toPerson } from "../../../../src/platforms/webfinger/client/person.ts";
import { queryUrl, resourceOf } from "../../../../src/platforms/webfinger/client/resource.ts";
import { webfinger } from "../../../../src/platforms/webfinger/platform.ts";
import { SearchSchema } from "../../../../src/platforms/webfinger/schemas/search.ts";
import { gateway } from "../../../support/gateway.ts";
import { loopbackEgress } from "../../../support/loopback-egress.ts";
import { certificate } from "../../../support/mail-certificate.ts";
import { runOnce } from "../../../support/run-verb.ts";
import { type Answer, webServer } from "../../../support/web-server.ts";

const dir = mkdtempSync(join(tmpdir(), "dgm-webfinger-"));
const pem = certificate(dir);
const guard = loopbackEgress(pem.cert);
let server: Awaited<ReturnType<typeof webServer>>;
let plain: Awaited<ReturnType<typeof webServer>>;
const answers: Record<string, Answer> = {};
const lastRequest = () => new URL(server.requests.at(-1) ?? "", server.origin);
beforeAll(async () => {
  server = await webServer((path) => {
    const url = new URL(path, "https://localhost");
    const user = /^acct:([^@]+)@/.exec(url.searchParams.get("resource") ?? "")?.[1] ?? url.pathname;
    return answers[user] ?? { status: 404 };
  }, pem);
  plain = await webServer(() => jrd({ subject: "acct:plain@example.org" }));
});
afterAll(async () => {
  await guard.close();
  await Promise.all([server.stop(), plain.stop()]);
  rmSync(dir, { recursive: true });
});

const jrd = (value: unknown): Answer => ({
  headers: { "Content-Type": "application/jrd+json" },
  body: JSON.stringify(value),
});
const at = (user: string) => `${user}@localhost:${server.port}`;
const search = (addresses: readonly string[], object: object = {}, egress = guard) =>
  runOnce(
    webfinger(),
    {
      id: "01TEST",
      rid: "1",
      platform: "webfinger",
      verb: "search",
      actor: { address: "me" },
      target: addresses.map((address) => ({ address })),
      object: { ...object },
    },
    egress,
  );
const error = async (user: string) => (await search([at(user)])).outcomes[0]?.error;

describe("search", () => {
  it("asks the address's own host and answers with persons", async () => {
    const links = [
      { rel: "http://webfinger.net/rel/avatar", type: "image/png", href: "https://example.org/bob.png" },
      { rel: "self", href: "https://example.org/bob", titles: { en: "Bob" }, properties: { "http://a/b": null } },
      { rel: "http://ostatus.org/schema/1.0/subscribe", template: "https://example.org/follow?uri={uri}" },
    ];
    const properties = { "http://schema.org/name": "Bob", "http://a/b": null };
    const subject = "acct:bob@example.org";
    answers.bob = jrd({ subject, aliases: ["https://example.org/@bob"], properties, links, expires: "ignored" });
    const address = `acct:${at("bob")}`;
    const { outcomes, object } = await search([address], {
      webfinger: { rel: ["self", "http://webfinger.net/rel/avatar"] },
    });
    expect(outcomes).toEqual([{ address, status: "sent" }]);
    const aliases = ["https://example.org/@bob"];
    const image = "https://example.org/bob.png";
    const descriptor = { target: address, aliases, links, properties };
    expect(object).toEqual({
      type: "collection",
      items: [{ type: "person", address: subject, name: "Bob", image, webfinger: descriptor }],
    });
    expect(objectIssues(["webfinger"], object ?? {})).toEqual([]);
    expect(lastRequest().pathname).toBe("/.well-known/webfinger");
    expect(lastRequest().searchParams.get("resource")).toBe(address);
    expect(lastRequest().searchParams.getAll("rel")).toEqual(["self", "http://webfinger.net/rel/avatar"]);
  });

  it("gives each target an outcome, and the persons found although other targets failed", async () => {
    answers.here = jrd({ subject: "acct:here@x" });
    answers.later = { status: 503 };
    const { outcomes, object } = await search([at("here"), at("nobody"), at("later")]);
    expect(outcomes.map(({ status, error }) => [status, error?.code, error?.retryable])).toEqual([
      ["sent", undefined, undefined],
      ["failed", "recipient-unknown", false],
      ["failed", "platform-unavailable", true],
    ]);
    expect(object).toMatchObject({ items: [{ webfinger: { target: at("here") } }] });
  });

  it("defers targets that may succeed later while nothing was found", async () => {
    answers.busy = { status: 429, headers: { "Retry-After": "7" } };
    const { outcomes } = await search([at("busy"), at("nobody")]);
    expect(outcomes.map(({ status, retryAfterMs }) => [status, retryAfterMs])).toEqual([
      ["deferred", 7_000],
      ["failed", undefined],
    ]);
  });

  it("follows redirects to https only", async () => {
    answers.moved = { status: 302, headers: { Location: "/there" } };
    answers["/there"] = jrd({ subject: "acct:there@x" });
    expect((await search([at("moved")])).object).toMatchObject({ items: [{ address: "acct:there@x" }] });
    answers.down = { status: 302, headers: { Location: plain.origin } };
    expect(await error("down")).toMatchObject({ code: "platform-rejected" });
    expect(plain.requests).toEqual([]);
    answers.loop = { status: 302, headers: { Location: "/loop" } };
    answers["/loop"] = answers.loop;
    expect(await error("loop")).toMatchObject({ code: "platform-rejected" });
  });

  it.each<[string, Answer, string]>([
    ["a page", { body: "<html>" }, "platform-protocol-error"],
    ["a list", jrd([]), "platform-protocol-error"],
    ["deep nesting", { body: `${'{"x":'.repeat(4_000)}1${"}".repeat(3_999)}` }, "platform-protocol-error"],
    ["more than is read", jrd({ subject: "x".repeat(300_000) }), "content-too-large"],
    ["endless bytes", (response) => void endless(response), "content-too-large"],
    ["a refusal", { status: 403 }, "permission-denied"],
    ["another refusal", { status: 400 }, "platform-rejected"],
  ])("fails with a specific error for %s", async (name, answer, code) => {
    const user = name.replaceAll(" ", "-");
    answers[user] = answer;
    expect(await error(user)).toMatchObject({ code });
  });

  it("refuses private networks and hosts without a trusted certificate", async () => {
    expect((await search(["bob@10.0.0.1"])).outcomes[0]?.error).toMatchObject({ code: "address-blocked" });
    const strict = loopbackEgress();
    const { outcomes } = await search([at("bob")], {}, strict);
    await strict.close();
    expect(outcomes[0]?.error).toMatchObject({ code: "tls-failed" });
  });
});

function endless(response: ServerResponse): void {
  const more = () => {
    while (response.write("x".repeat(4_096)));
  };
  response.on("drain", more);
  more();
}

describe("addresses", () => {
  it("of people's pages fit the schema", () => {
    const target = [{ address: "https://example.org/@bob" }, { address: "bob@example.org" }];
    expect(validationErrors(SearchSchema, { actor: { address: "me" }, target, object: {} })).toEqual([]);
  });

  it.each([
    ["acct:bob@example.org", "acct:bob@example.org", "example.org"],
    ["ACCT:bob@EXAMPLE.org", "acct:bob@example.org", "example.org"],
    ["bob@example.org:8443", "acct:bob@example.org:8443", "example.org:8443"],
    ["bob@bücher.example", "acct:bob@xn--bcher-kva.example", "xn--bcher-kva.example"],
    ["https://example.org/@bob?x=1", "https://example.org/@bob?x=1", "example.org"],
  ])("%s requests %s at %s", (address, uri, host) => {
    expect(resourceOf(address)).toEqual({ uri, host });
    expect(new URL(queryUrl({ uri, host }, [])).searchParams.get("resource")).toBe(uri);
  });

  it.each([
    "acct:bob",
    "bob@",
    "@example.org",
    "a@b@c",
    "https://u:p@example.org",
    "a@b/c",
    "a@b#c",
    "ftp://x/",
    "a b@c",
  ])("%s is refused", (address) => {
    const { actor, object } = { actor: { address: "me" }, object: {} };
    const fits = validationErrors(SearchSchema, { actor, target: [{ address }], object }).length === 0;
    const issue = webfinger().validate?.("search", {
      platform: "webfinger",
      verb: "search",
      actor,
      target: [{ address }],
      object,
    });
    expect(fits && issue === undefined).toBe(false);
  });

  it("lead to the host that they name only", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.domain(), (user, host) => {
        const resource = resourceOf(`acct:${user}@${host}`);
        if (resource) expect(new URL(queryUrl(resource, [])).hostname).toBe(host.toLowerCase());
      }),
    );
  });
});

const RESOURCE = "acct:a@b";
const parse = (body: string | Uint8Array) => parseJrd(typeof body === "string" ? Buffer.from(body) : body);
const SELF = { rel: "self", type: "application/activity+json", href: "https://example.org/u/x" };

describe("parseJrd", () => {
  it("reads or refuses any JSON, and what it reads is a person of the vocabulary", () => {
    const scalar = fc.oneof(fc.string(), fc.constantFrom("__proto__", "http://schema.org/name"), fc.jsonValue());
    const text = fc.oneof({ weight: 5, arbitrary: fc.string() }, { weight: 1, arbitrary: fc.jsonValue() });
    const record = fc.dictionary(fc.oneof(fc.string(), fc.constant("__proto__")), text);
    const link = fc.record({ rel: text, href: text, titles: record, properties: record }, { requiredKeys: ["rel"] });
    const list = <Item>(item: fc.Arbitrary<Item>) => fc.oneof(fc.array(item), fc.dictionary(fc.string(), item), item);
    const answer = fc.oneof(
      fc.record({ subject: text, aliases: list(scalar), links: list(link), properties: record }, { requiredKeys: [] }),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(answer, (value) => {
        try {
          const person = toPerson(parse(JSON.stringify(value)), "a@b", RESOURCE);
          expect(objectIssues(["webfinger"], { type: "collection", items: [person] })).toEqual([]);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: "platform-protocol-error" });
        }
      }),
    );
  });

  it.each<[string, object, object]>([
    ["links as a map", { links: { 0: SELF, 1: { rel: "x" } } }, { links: [SELF, { rel: "x" }] }],
    ["a single link", { links: SELF }, { links: [SELF] }],
    ["links as an empty object", { links: {} }, { links: [] }],
    ["null among the links", { links: [null, SELF] }, { links: [SELF] }],
    ["a link without a relation", { links: [{ href: "https://example.org/z" }, SELF] }, { links: [SELF] }],
    ["null members of a link", { links: [{ rel: "self", type: null, href: null }] }, { links: [{ rel: "self" }] }],
    [
      "empty lists for records",
      { links: [{ ...SELF, properties: [], titles: [] }], properties: [] },
      { links: [SELF] },
    ],
    ["aliases as a map", { aliases: { 0: "https://example.org/x" } }, { aliases: ["https://example.org/x"] }],
    ["aliases that are null", { aliases: null, links: [SELF] }, { aliases: [], links: [SELF] }],
    ["a single alias", { aliases: "https://example.org/x" }, { aliases: ["https://example.org/x"] }],
    ["numbers among the properties", { properties: { a: 5, b: true, c: {} } }, { properties: { a: "5", b: "true" } }],
    ["a subject that is no text", { subject: { toString: 1 }, links: [SELF] }, { links: [SELF] }],
    ["members that nobody knows", { expires: "2026-01-01", foo: { a: 1 }, links: [SELF] }, { links: [SELF] }],
  ])("reads the usable part of %s", (_, answer, expected) => {
    const jrd = parse(JSON.stringify(answer));
    expect(jrd).toEqual({ aliases: [], links: [], properties: {}, ...expected });
  });

  it("reads an answer with a byte order mark, and one with bytes that are not UTF-8", () => {
    expect(parse(`\ufeff{"subject":"acct:a@b"}`).subject).toBe("acct:a@b");
    expect(parse(Buffer.from('{"subject":"acct:\xff@b"}', "latin1")).subject).toBe("acct:\ufffd@b");
  });

  it("keeps a long answer within bounds, and its links before all else", () => {
    const links = Array.from({ length: 300 }, (_, n) => ({ rel: `rel-${n}`, href: `https://example.org/${n}` }));
    const properties = Object.fromEntries(Array.from({ length: 90 }, (_, n) => [`p${n}`, "x".repeat(2_000)]));
    const jrd = parse(JSON.stringify({ subject: "acct:a@b", links, properties }));
    expect(jrd.links).toHaveLength(100);
    expect(jrd.subject).toBe("acct:a@b");
    const wide = links.map((link) => ({ ...link, href: `${link.href}${"x".repeat(2_000)}` }));
    const bounded = parse(JSON.stringify({ links: [{ ...SELF, href: "x".repeat(30_000) }, ...wide] }));
    expect(bounded.links[0]).toEqual({ rel: SELF.rel, type: SELF.type });
    expect(bounded.links.length).toBeGreaterThan(5);
    expect(Buffer.byteLength(JSON.stringify(bounded))).toBeLessThan(18 * 1024);
  });

  it("takes no prototype from an answer", () => {
    const text = '{"properties":{"__proto__":"x","constructor":"y"},"__proto__":{"subject":"z"}}';
    const person = toPerson(parse(text), "a@b", RESOURCE);
    expect(person.address).toBe(RESOURCE);
    expect(Object.keys(person.webfinger.properties)).toEqual(["constructor"]);
    expect(Object.getPrototypeOf(person.webfinger.properties)).toBe(Object.prototype);
  });
});

it("search through a whole gateway checks the host's certificate", async () => {
  const live = await gateway({ ALLOW_PRIVATE: "127.0.0.0/8" });
  try {
    const answer = await fetch(`${live.url}/gateway/activities`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${await live.keyOf("finder")}`,
        "Content-Type": "application/json",
        Prefer: "wait=25",
      },
      body: JSON.stringify({
        platform: "webfinger",
        verb: "search",
        actor: { address: "me" },
        target: { address: at("bob") },
      }),
    });
    expect(await answer.json()).toMatchObject({
      type: "result",
      status: "failed",
      target: [{ address: at("bob"), status: "failed", error: { code: "tls-failed" } }],
      object: { type: "collection", items: [] },
    });
  } finally {
    await live.stop();
  }
});
