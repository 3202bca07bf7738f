import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withPlainAddresses } from "../../src/intake/canonical-form.ts";
import type { Activity } from "../../src/model/activity.ts";
import { validationErrors } from "../../src/model/validate.ts";
import { platforms } from "../../src/platforms/index.ts";
import { ROOT } from "../support/docs-samples.ts";

/** Sections of docs/addresses.md by the platform that each is about. */
const SECTIONS: Readonly<Record<string, string>> = {
  email: "E-mail",
  facebook: "Facebook",
  feeds: "Feeds",
  irc: "IRC",
  telegram: "Telegram",
  twitter: "X",
  webfinger: "WebFinger",
  webhook: "Webhook",
  xmpp: "XMPP",
};

interface Posted {
  readonly actor: object;
  readonly target?: ReadonlyArray<object>;
  readonly object?: object;
}

const page = readFileSync(join(ROOT, "docs/addresses.md"), "utf8");
const codesIn = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code);

/** Rows of a platform's table: where the addresses stand, and the addresses. */
function rowsOf(id: string) {
  const section = page.split(/^## /m).find((text) => text.startsWith(`${SECTIONS[id]}\n`)) ?? "";
  const rows = [...section.matchAll(/^\| (`(?:actor|target|object)`.*?) \| (.*?) \|/gm)];
  return rows.map(([, place = "", addresses = ""]) => {
    const [property = "", verb = ""] = codesIn(place);
    return { property, verb, addresses: codesIn(addresses) };
  });
}

/** Puts an address where the row says, in the verb's example. */
function withAddress(example: Posted, property: string, address: string): Posted {
  if (property === "actor") return { ...example, actor: { address } };
  if (property === "target") return { ...example, target: [{ address }] };
  return { ...example, object: { ...example.object, address } };
}

for (const platform of platforms({}).filter(({ id }) => id !== "dummy")) {
  describe(`docs/addresses.md on ${platform.id}`, () => {
    const rows = rowsOf(platform.id);

    it("lists addresses that the verbs accept", () => {
      expect(rows.length).toBeGreaterThan(0);
      for (const { property, verb, addresses } of rows) {
        const names = verb === "" ? Object.keys(platform.verbs) : [verb];
        for (const [name, address] of names.flatMap((known) => addresses.map((text) => [known, text] as const))) {
          const { schema, example } = platform.verbs[name] ?? {};
          if (!schema) throw new Error(`${platform.id} has no verb ${name}`);
          const changed = withAddress(example as unknown as Posted, property, address);
          const posted = withPlainAddresses(platform, { target: [], object: {}, ...changed });
          expect(validationErrors(schema, posted), `${name}: ${address}`).toEqual([]);
          const activity = { ...posted, platform: platform.id, verb: name } as unknown as Activity;
          expect(platform.validate?.(name, activity), `${name}: ${address}`).toBeUndefined();
        }
      }
    });

    it("shows each URI scheme", () => {
      const addresses = rows.flatMap((row) => row.addresses);
      for (const scheme of platform.uriSchemes ?? [])
        expect(
          addresses.some((address) => address.startsWith(`${scheme}:`)),
          scheme,
        ).toBe(true);
    });
  });
}
