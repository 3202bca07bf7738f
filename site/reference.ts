import { anchorOf } from "./markdown.ts";
import { schemaText, typeOf } from "./schema-text.ts";
import type { Source } from "./sources.ts";

/** Part of the OpenAPI document; what is not needed here is left out. */
interface Operation {
  readonly tags?: readonly string[];
  readonly summary?: string;
  readonly description?: string;
  readonly security?: ReadonlyArray<Readonly<Record<string, readonly string[]>>>;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> };
  readonly responses?: Readonly<Record<string, Answer>>;
}
interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: object;
}
interface Media {
  readonly schema?: object;
  readonly examples?: Readonly<Record<string, { readonly summary?: string; readonly value?: unknown }>>;
}
interface Answer {
  readonly description?: string;
  readonly content?: Readonly<Record<string, Media>>;
}
export interface ApiDocument {
  readonly info: { readonly description?: string };
  readonly tags?: ReadonlyArray<{ readonly name: string; readonly description?: string }>;
  readonly paths?: Readonly<Record<string, object>>;
  readonly webhooks?: Readonly<Record<string, object>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, object>> };
}

const METHODS = ["get", "put", "post", "delete"] as const;
const SCHEMAS = "schemas/";
/** Examples that a page shows; openapi.json has all of them. */
const MAX_EXAMPLES = 3;

/** Makes the pages of the REST API. A list of operations, one for each tag of the OpenAPI document, one for each schema. */
export function referenceSources(document: ApiDocument): readonly Source[] {
  const tags = (document.tags ?? []).map(({ name, description = "" }) => {
    const operations = operationsWith(name, document);
    const texts = operations.map(({ title, operation, shared }) => operationText(title, operation, shared));
    return { path: `docs/api/${slug(name)}.md`, text: [`# ${name}`, description, ...texts].join("\n\n") };
  });
  const schemas = Object.entries(document.components?.schemas ?? {});
  const list = schemas.map(([name]) => `* [${name}](${SCHEMAS}${name}.md)`);
  const index = `# API schemas\n\nEvery type of the API. The same as JSON Schema: [openapi.json](../../openapi/openapi.json).\n\n${list.join("\n")}`;
  return [
    { path: "docs/api/README.md", text: overviewText(document) },
    ...tags,
    { path: "docs/api/schema-list.md", text: index },
    ...schemas.map(([name, schema]) => ({
      path: `docs/api/schemas/${name}.md`,
      text: `# ${name}\n\n${schemaText(schema, "")}`,
    })),
  ];
}

/** Lists every operation with a link to its description. */
function overviewText(document: ApiDocument): string {
  const tables = (document.tags ?? []).map(({ name, description = "" }) => {
    const rows = operationsWith(name, document).map(
      ({ title, operation: { summary = title } }) =>
        `| [${summary}](${slug(name)}.md#${anchorOf(summary)}) | \`${title}\` |`,
    );
    return `## ${name}\n\n${description}\n\n| operation | request |\n|---|---|\n${rows.join("\n")}`;
  });
  const machines =
    "For programs: [openapi.json](../../openapi/openapi.json) (OpenAPI 3.1). Types: [API schemas](schema-list.md).";
  return ["# REST API", "Paths are below the base path, `/gateway` by default.", machines, ...tables].join("\n\n");
}

function operationsWith(tag: string, document: ApiDocument) {
  return operationsOf(document).filter(({ operation }) => operation.tags?.includes(tag));
}

function operationsOf({ paths = {}, webhooks = {} }: ApiDocument) {
  const within = (items: Readonly<Record<string, object>>, titleOf: (method: string, name: string) => string) =>
    Object.entries(items).flatMap(([name, item]) =>
      METHODS.flatMap((method) => {
        const operation = (item as Record<string, Operation | undefined>)[method];
        const { parameters: shared = [] } = item as Operation;
        return operation === undefined ? [] : [{ title: titleOf(method, name), operation, shared }];
      }),
    );
  return [
    ...within(paths, (method, path) => `${method.toUpperCase()} ${path}`),
    ...within(webhooks, (method) => `${method.toUpperCase()} to the address of your webhook`),
  ];
}

function operationText(title: string, operation: Operation, shared: readonly Parameter[]): string {
  const parameters = [...shared, ...(operation.parameters ?? [])];
  return [
    `## ${operation.summary ?? title}`,
    `\`${title}\``,
    accessText(operation),
    operation.description ?? "",
    ...(parameters.length === 0 ? [] : [parameterTable(parameters)]),
    ...bodyTexts(operation),
    answerTable(operation.responses ?? {}),
  ].join("\n\n");
}

function accessText({ security = [] }: Operation): string {
  const ways = security.map((way) => Object.keys(way)[0]).filter((way) => way !== undefined);
  if (ways.length === 0) return "No authentication.";
  const scopes = Object.values(security[0] ?? {})[0] ?? [];
  return `Authentication: ${ways.join(", ")}. Scope: ${scopes.map((scope) => `\`${scope}\``).join(", ")}.`;
}

function parameterTable(parameters: readonly Parameter[]): string {
  const rows = parameters.map(
    ({ name, in: place, required = false, description = "", schema = {} }) =>
      `| \`${name}\`${required ? " (required)" : ""} | ${place} | ${typeOf(schema, SCHEMAS)} | ${cell(description)} |`,
  );
  return `### Parameters\n\n| name | in | type | meaning |\n|---|---|---|---|\n${rows.join("\n")}`;
}

function bodyTexts({ requestBody }: Operation): readonly string[] {
  if (requestBody === undefined) return [];
  return Object.entries(requestBody.content).flatMap(([type, { schema = {}, examples = {} }]) => [
    `### Body (${type})`,
    schemaText(schema, SCHEMAS),
    ...Object.values(examples)
      .slice(0, MAX_EXAMPLES)
      .map(({ summary = "", value }) => `${summary}:\n\n\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``),
  ]);
}

function answerTable(answers: Readonly<Record<string, Answer>>): string {
  const rows = Object.entries(answers).map(([status, { description = "", content = {} }]) => {
    const types = Object.entries(content).map(([type, { schema }]) => `\`${type}\`: ${typeOf(schema ?? {}, SCHEMAS)}`);
    return `| ${status} | ${linkedCodes(cell(description))} | ${types.join("; ")} |`;
  });
  return `### Answers\n\n| status | meaning | body |\n|---|---|---|\n${rows.join("\n")}`;
}

/** Links the codes of refusals to their pages. */
function linkedCodes(description: string): string {
  return description.replace(/`([a-z]+(?:-[a-z]+)*)`: /g, "[`$1`](../errors/$1.md): ");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function slug(name: string): string {
  return name.toLowerCase().replaceAll(" ", "-");
}
