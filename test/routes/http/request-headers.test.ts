import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cookieOf, credentialOf } from "../../../routes/http/credentials.ts";
import { forwardedHops } from "../../../routes/http/forwarded-header.ts";

function requestWith(headers: Readonly<Record<string, string>>, url = "/"): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, headers);
  request.url = url;
  return request;
}

/** Header values as Node passes them on, with the characters that mean something. */
const hostile = fc.string({
  unit: fc.constantFrom(..."=;,\"'\\[]:% \t", "for", "by", "proto", "name", "Bearer", "a", "1", "\u00e9"),
  maxLength: 60,
});

describe("the header Forwarded", () => {
  const address = fc.oneof(
    fc.ipV4().map((ip) => ({ ip, node: ip })),
    fc.ipV6().map((ip) => ({ ip, node: `"[${ip}]"` })),
  );

  it("names the addresses of its nodes, nearest first", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(address, fc.constantFrom("http", "https")), { minLength: 1, maxLength: 5 }),
        (hops) => {
          const forwarded = hops.map(([{ node }, proto]) => `for=${node};proto=${proto}`).join(", ");
          const read = forwardedHops(requestWith({ forwarded })).map((hop) => [hop.address, hop.proto]);
          expect(read).toEqual(hops.map(([{ ip }, proto]) => [ip, proto]).reverse());
        },
      ),
    );
  });

  it("is read whatever it holds, and yields addresses only", () => {
    fc.assert(
      fc.property(hostile, (forwarded) => {
        for (const { address: found } of forwardedHops(requestWith({ forwarded })))
          expect(found ?? "").toMatch(/^[0-9a-fA-F:.]*$/);
      }),
    );
  });
});

describe("a cookie", () => {
  const value = fc.stringMatching(/^[!#-+\--:<-[\]-~]{0,20}$/);

  it("is found among others, quoted or not", () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 3 }), value, fc.boolean(), (others, wanted, isQuoted) => {
        const pairs = [
          ...others.map((other, index) => `other${index}=${other}`),
          `own=${isQuoted ? `"${wanted}"` : wanted}`,
        ];
        expect(cookieOf(requestWith({ cookie: pairs.join("; ") }), "own")).toBe(wanted);
      }),
    );
  });
});

describe("a credential", () => {
  it("is looked for in any headers and address without an error, and holds no blank", () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (authorization, cookie, query) => {
        const found = credentialOf(requestWith({ authorization, cookie }, `/?${query}`), true);
        if (found?.kind === "bearer") expect(found.text).toMatch(/^\S+$/);
      }),
    );
  });
});
