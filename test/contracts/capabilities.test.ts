import { describe, expect, it } from "vitest";
import { validationErrors } from "../../src/model/validate.ts";
import { type Capabilities, capabilitiesOf } from "../../src/platform/vocabulary/capabilities.ts";
import { platforms } from "../../src/platforms/index.ts";

type VerbCapabilities = Capabilities["verbs"][string];
type PropertyCapability = VerbCapabilities["object"][string];
interface Posted {
  readonly target?: readonly object[];
  readonly object?: Readonly<Record<string, unknown>>;
}

/** Returns values beyond each bound that a property's capability states, by the bound's name. */
function beyond({ maxLength, maxItems, maximum, values }: PropertyCapability): ReadonlyArray<[string, unknown]> {
  return [
    ...(maxLength === undefined ? [] : [["maxLength", "x".repeat(maxLength + 1)] as [string, unknown]]),
    ...(maxItems === undefined ? [] : [["maxItems", Array(maxItems + 1).fill("x")] as [string, unknown]]),
    ...(maximum === undefined ? [] : [["maximum", maximum + 1] as [string, unknown]]),
    ...(values === undefined ? [] : [["values", "no-such-value"] as [string, unknown]]),
  ];
}

for (const platform of platforms({})) {
  const { verbs, inbound } = capabilitiesOf(platform);

  describe(`capabilities of ${platform.id}`, () => {
    it("list exactly the verbs that are carried out and that arrive", () => {
      expect(Object.keys(verbs)).toEqual(Object.keys(platform.verbs));
      expect(inbound).toEqual(platform.inbound ?? {});
    });

    for (const [name, { targets, object }] of Object.entries(verbs)) {
      const {
        schema,
        example,
        capabilities: facts = {},
      } = platform.verbs[name] as NonNullable<(typeof platform.verbs)[string]>;
      const posted = example as Posted;
      const issuesOf = (activity: Posted) => validationErrors(schema, activity);
      const withProperty = (property: string, value: unknown) =>
        issuesOf({ ...posted, object: { ...posted.object, [property]: value } });

      it(`${name}: states the number of targets that the schema takes`, () => {
        const first = posted.target?.[0] ?? { address: "x" };
        const count = (length: number) => issuesOf({ ...posted, target: Array(length).fill(first) });
        expect(count(targets.max + 1).length).toBeGreaterThan(0);
        if (posted.target?.length) expect(count(targets.max)).toEqual([]);
        if (targets.min > 0) expect(count(targets.min - 1).length).toBeGreaterThan(0);
        else expect(issuesOf({ ...posted, target: [] })).toEqual([]);
      });

      it(`${name}: states bounds that the schema enforces`, () => {
        const accepted = Object.entries(object).flatMap(([property, capability]) =>
          beyond(capability)
            .filter(([, value]) => withProperty(property, value).length === 0)
            .map(([bound]) => `${property}.${bound}`),
        );
        expect(accepted).toEqual([]);
      });

      it(`${name}: states required properties that the schema requires, and no others`, () => {
        const { object: content = {} } = posted;
        for (const property of Object.keys(content)) {
          const { [property]: _removed, ...rest } = content;
          const isRequired = object[property]?.required === true;
          if (isRequired) expect(issuesOf({ ...posted, object: rest }).length, property).toBeGreaterThan(0);
        }
        for (const [property, { required }] of Object.entries(object))
          if (required) expect(Object.keys(content), property).toContain(property);
      });

      it(`${name}: states facts about properties that the schema has`, () => {
        for (const [property, fact] of Object.entries(facts)) expect(object[property], property).toMatchObject(fact);
      });

      it(`${name}: states the form, the bound and the treatment of texts`, () => {
        const forms = ["body", "html", "markdown"].filter((form) => object[form]);
        const hasForms = forms.length > 1 || ["send", "post"].includes(name);
        for (const form of hasForms && platform.id !== "dummy" ? forms : []) {
          expect(object[form], form).toMatchObject({
            as: expect.any(String),
            tooLong: expect.any(String),
            maxLength: expect.any(Number),
          });
        }
      });
    }
  });
}
