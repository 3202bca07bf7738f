import type { TSchema } from "typebox";
import { Refusal } from "../model/refusal.ts";
import type { Input } from "./ask.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Parts of a credentials' schema that questions need. */
interface ObjectSchema {
  readonly properties?: Readonly<Record<string, ObjectSchema & { readonly type?: string }>>;
  readonly required?: readonly string[];
  readonly dependentRequired?: Readonly<Record<string, readonly string[]>>;
}

const SECRET = /password|secret|token|key$/i;

/**
 * Reads the fields of `--set name=value`; `mailbox.host` means a field within `mailbox`. Throws `Refusal` for secrets, which
 * would stay in the shell's history and show in the list of processes.
 */
export function givenFields(schema: TSchema, pairs: readonly string[]): Fields {
  const fields: Record<string, unknown> = {};
  for (const pair of pairs) {
    const cut = pair.indexOf("=");
    const path = pair.slice(0, Math.max(cut, 0)).split(".");
    const name = path.at(-1) ?? "";
    if (cut < 1) throw new Refusal("validation-failed", "--set takes name=value.");
    if (SECRET.test(name)) {
      throw new Refusal("validation-failed", `${name} is secret: leave it out, it is asked for.`);
    }
    put(fields, path, typed(propertyOf(schema, path)?.type, pair.slice(cut + 1)));
  }
  return fields;
}

/** Completes a login. By JSON from the standard input, or by questions about required parts and the secret. */
export async function completeLogin(
  schema: TSchema,
  address: string,
  given: Fields,
  { ask, readAll }: Input,
): Promise<Fields> {
  if (readAll !== undefined) return { ...given, ...objectIn(await readAll()) };
  const { properties = {}, required = [], dependentRequired = {} } = schema as ObjectSchema;
  const fields: Record<string, unknown> = { ...given };
  const names = [
    ...required,
    ...(properties.password === undefined || required.includes("password") ? [] : ["password"]),
  ];
  for (const name of names) {
    if (fields[name] !== undefined) continue;
    const answer = await ask(`${name}: `, SECRET.test(name));
    if (answer !== "") fields[name] = typed(properties[name]?.type, answer);
  }
  const isUserMissing = fields.password !== undefined && (dependentRequired.password ?? []).includes("user");
  return isUserMissing ? { user: address, ...fields } : fields;
}

function propertyOf(schema: TSchema, path: readonly string[]) {
  let found: (ObjectSchema & { readonly type?: string }) | undefined = schema as ObjectSchema;
  for (const name of path) found = found?.properties?.[name];
  return found;
}

function put(fields: Record<string, unknown>, [name = "", ...rest]: readonly string[], value: unknown): void {
  if (name === "__proto__") throw new Refusal("validation-failed", "--set takes names of the platform's login.");
  if (rest.length === 0) {
    fields[name] = value;
    return;
  }
  const inner = fields[name];
  const within: Record<string, unknown> = typeof inner === "object" && inner !== null ? { ...inner } : {};
  put(within, rest, value);
  fields[name] = within;
}

function typed(type: string | undefined, text: string): unknown {
  if (type === "integer" && /^\d{1,15}$/.test(text)) return Number(text);
  if (type === "boolean" && /^(true|false)$/.test(text)) return text === "true";
  return text;
}

function objectIn(text: string): Fields {
  let value: unknown;
  try {
    value = text.trim() === "" ? {} : JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new Refusal("validation-failed", "Give the rest of the login as a JSON object on standard input.");
}
