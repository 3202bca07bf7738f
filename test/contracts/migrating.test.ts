import { describe, expect, it } from "vitest";
import { parseActivity } from "../../src/intake/parse-activity.ts";
import { Refusal } from "../../src/model/refusal.ts";
import type { Platform, Verb } from "../../src/platform/platform.ts";
import { platformRegistry } from "../../src/platform/platform-registry.ts";
import { platforms } from "../../src/platforms/index.ts";

const shipped = platforms({});
const registry = platformRegistry(shipped);

/** Posts an activity, and returns how it is refused. */
async function refusalOf(posted: object): Promise<Refusal> {
  const thrown: unknown = await parseActivity(registry.find, posted, Date.now()).catch((reason: unknown) => reason);
  if (thrown instanceof Refusal) return thrown;
  throw new Error("The old spelling was not refused", { cause: thrown });
}

/** Returns the example of a verb with an old value at a pointer. Without an id where the value was one. */
function oldSpelling(platform: Platform, name: string, verb: Verb, pointer: string, value: unknown): object {
  const { actor, target, object } = verb.example as {
    readonly actor: object;
    readonly target?: object;
    readonly object?: object;
  };
  const [, part = "", ...rest] = pointer.split("/");
  const { id: _, ...withoutId } = { id: undefined, ...object };
  const activity = { rid: "1", platform: platform.id, verb: name, actor, ...(target ? { target } : {}) };
  if (part === "target") return { ...activity, target: [{ [rest.at(-1) ?? ""]: value }], object: withoutId };
  return { ...activity, object: { ...object, [rest[0] ?? ""]: value } };
}

const cases = shipped.flatMap((platform) =>
  Object.entries(platform.verbs).flatMap(([name, verb]) => {
    const properties = Object.entries(verb.renamed ?? {}).map(([pointer, instead]) => ({
      pointer,
      value: "x",
      instead,
    }));
    const values = (verb.renamedValues ?? []).map(({ pointer, example, instead }) => ({
      pointer,
      value: example,
      instead,
    }));
    return [...properties, ...values].map(
      (old) => [`${platform.id} ${name} ${old.pointer} ${old.value}`, { platform, name, verb, ...old }] as const,
    );
  }),
);

describe("old spellings", () => {
  it.each(cases)(
    "%s is answered 422 with the new one",
    async (_title, { platform, name, verb, pointer, value, instead }) => {
      const { code, errors } = await refusalOf(oldSpelling(platform, name, verb, pointer, value));
      expect(code).toBe("validation-failed");
      expect(errors).toContainEqual({ pointer, detail: `was renamed: use ${instead}` });
    },
  );

  it.each(
    shipped.flatMap(({ id, renamedVerbs = {} }) =>
      Object.entries(renamedVerbs).map(([old, now]) => [id, old, now] as const),
    ),
  )("%s: the verb %s is answered 422 with the new one", async (platform, verb, instead) => {
    const { code, message } = await refusalOf({ rid: "1", platform, verb, actor: { address: "a" }, object: {} });
    expect(code).toBe("verb-not-supported");
    expect(message).toContain(instead);
  });

  it.each(shipped.flatMap((platform) => Object.keys(platform.verbs).map((verb) => [platform.id, verb] as const)))(
    "the example of %s %s is of the new spelling",
    (id, verb) => {
      const platform = registry.find(id);
      const { example, renamedValues = [] } = platform?.verbs[verb] ?? {};
      const activity = Object(example) as Readonly<Record<string, unknown>>;
      const used = renamedValues.filter(({ pointer, isOld }) => {
        const [, part = "", ...rest] = pointer.split("/");
        const owner = part === "target" ? (activity.target as readonly unknown[] | undefined)?.[0] : activity[part];
        const value = Object(owner)[rest.at(-1) ?? ""] as unknown;
        return value !== undefined && isOld(value, activity);
      });
      expect(used).toEqual([]);
    },
  );
});
