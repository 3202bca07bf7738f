import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseHosts, parseResolvConf } from "../../../../src/egress/dns/system-config.ts";

const blank = fc.stringMatching(/^[ \t]{1,3}$/);
const name = fc.stringMatching(/^[A-Za-z][a-z0-9-]{0,8}(\.[a-z]{2,4})?$/);
const comment = fc.constantFrom("", " # comment", "#");
const hostile = fc.string({
  unit: fc.constantFrom(..." \t\n#;.:0", "search", "options ndots:", "127.0.0.1", "::1", "domain", "\u00e9"),
  maxLength: 60,
});

describe("the hosts file", () => {
  it("gives each name its addresses, in their order and in lower case", () => {
    const line = fc.record({
      address: fc.oneof(fc.ipV4(), fc.ipV6()),
      names: fc.array(name, { maxLength: 3 }),
      blank,
      comment,
    });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        const text = lines.map((each) => [each.address, ...each.names].join(each.blank) + each.comment).join("\n");
        const expected = new Map<string, string[]>();
        for (const { address, names } of lines)
          for (const each of names)
            expected.set(each.toLowerCase(), [...(expected.get(each.toLowerCase()) ?? []), address]);
        expect(parseHosts(text)).toEqual(expected);
      }),
    );
  });
});

describe("the resolver's configuration", () => {
  it("takes the last line of a kind, within bounds", () => {
    fc.assert(
      fc.property(fc.array(name, { maxLength: 8 }), fc.nat(99), (domains, dots) => {
        const text = `search old.example\nsearch ${domains.join(" ")}\noptions rotate ndots:${dots} ; comment\n`;
        expect(parseResolvConf(text)).toEqual({ search: domains.slice(0, 6), ndots: Math.min(15, dots) });
      }),
    );
  });

  it("is read whatever it holds", () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const addresses of parseHosts(text).values()) expect(addresses).not.toHaveLength(0);
        const { search, ndots } = parseResolvConf(text);
        expect(search.every((domain) => /^\S+$/.test(domain))).toBe(true);
        expect(ndots).toBeLessThanOrEqual(15);
      }),
    );
  });
});
