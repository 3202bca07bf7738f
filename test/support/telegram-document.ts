import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./docs-samples.ts";

interface Field {
  readonly name: string;
  readonly types: readonly string[];
  readonly required: boolean;
}
interface Document {
  readonly methods: Readonly<Record<string, { readonly fields?: readonly Field[] }>>;
  readonly types: Readonly<
    Record<string, { readonly fields?: readonly Field[]; readonly subtypes?: readonly string[] }>
  >;
}

/** Telegram's published description of the Bot API, read from beside the checkout. Not part of the project. */
const FILE = process.env.TELEGRAM_DOCUMENT ?? join(ROOT, "../shared/data/telegram-bot-api.json");

/** Checks requests and updates against Telegram's description; undefined where the description is not present. */
export function telegramDocument() {
  if (!existsSync(FILE)) return undefined;
  const { methods, types } = JSON.parse(readFileSync(FILE, "utf8")) as Document;

  function fieldIssues(fields: readonly Field[], value: Readonly<Record<string, unknown>>, path: string): string[] {
    const unknown = Object.keys(value).filter((name) => !fields.some((field) => field.name === name));
    const missing = fields.filter(({ name, required }) => required && value[name] === undefined);
    return [
      ...unknown.map((name) => `${path}.${name} is not documented`),
      ...missing.map(({ name }) => `${path}.${name} is missing`),
      ...fields.flatMap(({ name, types: allowed }) =>
        value[name] === undefined ||
        allowed.some((type) => typeIssues(type, value[name], `${path}.${name}`).length === 0)
          ? []
          : typeIssues(allowed[0] ?? "String", value[name], `${path}.${name}`),
      ),
    ];
  }

  function typeIssues(type: string, value: unknown, path: string): string[] {
    const list = /^Array of (.+)$/.exec(type);
    if (list) {
      if (!Array.isArray(value)) return [`${path} is not a list`];
      const alternatives = (list[1] ?? "").split(/, | and /);
      return value.flatMap((item: unknown, index) => {
        const issues = alternatives.map((alternative) => typeIssues(alternative, item, `${path}[${index}]`));
        return issues.some((found) => found.length === 0) ? [] : (issues[0] ?? []);
      });
    }
    if (type === "String") return typeof value === "string" ? [] : [`${path} is not a string`];
    if (type === "Integer") return Number.isSafeInteger(value) ? [] : [`${path} is not an integer`];
    if (type === "Float") return typeof value === "number" ? [] : [`${path} is not a number`];
    if (type === "Boolean" || type === "True") return typeof value === "boolean" ? [] : [`${path} is not a boolean`];
    if (type === "InputFile") return typeof value === "string" ? [] : [`${path} is not a file`];
    if (typeof value !== "object" || value === null) return [`${path} is not an object`];
    const { fields = [], subtypes = [] } = types[type] ?? {};
    if (subtypes.length === 0) return fieldIssues(fields, value as Record<string, unknown>, path);
    const issues = subtypes.map((subtype) => typeIssues(subtype, value, path));
    return issues.some((found) => found.length === 0) ? [] : (issues[0] ?? []);
  }

  return {
    /** Deviations of a request from the description; parameters as the server received them. */
    requestIssues: (method: string, parameters: Readonly<Record<string, unknown>>): string[] => {
      const known = methods[method];
      return known ? fieldIssues(known.fields ?? [], parameters, method) : [`${method} is not a method`];
    },
    /** Deviations of an update from the description. */
    updateIssues: (update: unknown): string[] => typeIssues("Update", update, "update"),
  };
}
