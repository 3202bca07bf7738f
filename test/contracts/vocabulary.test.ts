import { describe, expect, it } from "vitest";
import { schemaIssues } from "../../src/platform/vocabulary/check.ts";
import { isTerm } from "../../src/platform/vocabulary/terms.ts";
import { canonicalVerb } from "../../src/platform/vocabulary/verbs.ts";
import { platforms } from "../../src/platforms/index.ts";

/** Platforms outside the vocabulary: the dummy's objects name faults (`ms`, `kind`, `times`). */
const EXEMPT = new Set(["dummy"]);

for (const platform of platforms({}).filter(({ id }) => !EXEMPT.has(id))) {
  const namespaces = [platform.id, ...(platform.aliases ?? [])];

  describe(`vocabulary of ${platform.id}`, () => {
    it.each(Object.keys(platform.verbs))("%s takes terms only", (name) => {
      const schema = platform.verbs[name]?.schema;
      expect(schema && schemaIssues(namespaces, name, schema)).toEqual([]);
      expect(Object.keys(schema?.properties ?? {})).not.toContain("context");
    });

    it("declares inbound verbs and terms of the vocabulary", () => {
      for (const [verb, terms] of Object.entries(platform.inbound ?? {})) {
        expect(canonicalVerb(verb)?.inbound, verb).toBe(true);
        expect(terms.filter((term) => !isTerm(term) && !namespaces.includes(term))).toEqual([]);
      }
    });

    it("names the new spelling of each renamed property and verb", () => {
      for (const name of Object.keys(platform.renamedVerbs ?? {})) expect(platform.verbs).not.toHaveProperty(name);
      for (const { schema, renamed = {} } of Object.values(platform.verbs)) {
        for (const pointer of Object.keys(renamed)) {
          const [, part = "", property = ""] = pointer.split("/");
          const object = (schema.properties as Record<string, { properties?: object }>)[part];
          expect(Object.keys(object?.properties ?? {}), pointer).not.toContain(property);
        }
      }
    });
  });
}
