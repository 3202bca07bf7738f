/** JSON Schema as far as it is shown. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly format?: string;
  readonly pattern?: string;
  readonly [limit: string]: unknown;
}

const LIMITS: Readonly<Record<string, string>> = {
  minLength: "at least %s characters",
  maxLength: "at most %s characters",
  minimum: "at least %s",
  maximum: "at most %s",
  minItems: "at least %s items",
  maxItems: "at most %s items",
};
/** Longest pattern that helps a reader; openapi.json has the others. */
const MAX_PATTERN = 60;
/** Objects within objects that one table still shows. */
const MAX_DEPTH = 4;

/** Describes a schema as Markdown: its meaning, and a table of its properties. `folder` leads to the pages of schemas. */
export function schemaText(schema: object, folder: string): string {
  const shown = schema as Schema;
  const rows = propertyRows(shown, folder, "", 0);
  const table =
    rows.length === 0 ? typeOf(shown, folder) : `| property | type | meaning |\n|---|---|---|\n${rows.join("\n")}`;
  return [shown.description ?? "", table].filter((text) => text !== "").join("\n\n");
}

/** Describes a schema's type in a table cell. */
export function typeOf(schema: object, folder: string): string {
  const { $ref, type, items, enum: values, oneOf, anyOf, allOf, const: constant } = schema as Schema;
  if ($ref !== undefined) {
    const name = $ref.slice($ref.lastIndexOf("/") + 1);
    return `[${name}](${folder}${name}.md)`;
  }
  if (constant !== undefined) return code(constant);
  if (values !== undefined) return values.map(code).join(", ");
  const choices = oneOf ?? anyOf ?? allOf?.slice(0, 1);
  if (choices !== undefined) return [...new Set(choices.map((choice) => typeOf(choice, folder)))].join(" or ");
  if (type === "array") return `list of ${items === undefined ? "any" : typeOf(items, folder)}`;
  return type ?? "any";
}

function propertyRows(schema: Schema, folder: string, prefix: string, depth: number): readonly string[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const path = `${prefix}${name}`;
    const meaning = [property.description ?? "", ...limitsOf(property)].filter((text) => text !== "").join("; ");
    const row = `| \`${path}\`${required.has(name) ? " (required)" : ""} | ${typeOf(property, folder)} | ${cell(meaning)} |`;
    if (depth === MAX_DEPTH) return [row];
    const inner = property.type === "array" ? { schema: property.items, mark: "[]." } : { schema: property, mark: "." };
    return [row, ...propertyRows(inner.schema ?? {}, folder, `${path}${inner.mark}`, depth + 1)];
  });
}

function limitsOf(schema: Schema): readonly string[] {
  const limits = Object.entries(LIMITS).flatMap(([name, text]) =>
    schema[name] === undefined ? [] : [text.replace("%s", String(schema[name]))],
  );
  const { format, pattern } = schema;
  return [
    ...limits,
    ...(format === undefined ? [] : [`format ${code(format)}`]),
    ...(pattern === undefined || pattern.length > MAX_PATTERN ? [] : [`pattern ${code(pattern)}`]),
  ];
}

function code(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.includes("`") ? `\`\` ${text} \`\`` : `\`${text}\``;
}

function cell(text: string): string {
  return text.replace(/(?<!\\)\|/g, "\\|").replaceAll("\n", " ");
}
