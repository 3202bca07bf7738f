import type { ErrorObject } from "ajv";

/**
 * Reduces Ajv's errors (`verbose`) of a union to those that help the writer.
 * Keeps the errors of the branch that the value names by its tag (`type: "topic"`), else lists the tags or values. A union
 * without tags keeps the errors of all branches.
 */
export function narrowUnionErrors(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  return errors
    .filter(({ keyword }) => keyword === "anyOf" || keyword === "oneOf")
    .reduce((left, union) => {
      const inside = (error: ErrorObject) => error.schemaPath.startsWith(`${union.schemaPath}/`);
      const kept = left.some(inside) ? helpful(union, left.filter(inside)) : undefined;
      return kept === undefined ? left : [...left.filter((error) => !inside(error) && error !== union), ...kept];
    }, errors);
}

type Bag = Readonly<Record<string, unknown>>;
const isBag = (value: unknown): value is Bag => typeof value === "object" && value !== null && !Array.isArray(value);

function helpful(union: ErrorObject, found: readonly ErrorObject[]): readonly ErrorObject[] | undefined {
  const branches = (Array.isArray(union.schema) ? union.schema : []).filter(isBag);
  const words = branches.map(({ const: word }) => word);
  if (words.every((word) => word !== undefined)) return [oneOf(union, union.instancePath, words)];
  const { data } = union;
  if (!isBag(data)) return undefined;
  const tags = branches.map(tagsOf);
  const named = branches.flatMap((_, index) => {
    const own = Object.entries(tags[index] ?? {});
    return own.length > 0 && own.every(([name, word]) => data[name] === word) ? [index] : [];
  });
  if (named.length > 0)
    return found.filter(({ schemaPath }) =>
      named.some((index) => schemaPath.startsWith(`${union.schemaPath}/${index}/`)),
    );
  const tag = Object.keys(tags[0] ?? {}).find((name) => name in data && tags.every((candidate) => name in candidate));
  if (tag === undefined) return undefined;
  return [oneOf(union, `${union.instancePath}/${tag}`, [...new Set(tags.map((candidate) => candidate[tag]))])];
}

function tagsOf({ properties }: Bag): Bag {
  if (!isBag(properties)) return {};
  const words = Object.entries(properties).flatMap(([name, schema]) =>
    isBag(schema) && schema.const !== undefined ? [[name, schema.const] as const] : [],
  );
  return Object.fromEntries(words);
}

function oneOf(union: ErrorObject, instancePath: string, allowedValues: readonly unknown[]): ErrorObject {
  return { ...union, keyword: "enum", instancePath, params: { allowedValues } };
}
