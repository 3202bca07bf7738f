import { readFile } from "node:fs/promises";
import { Ajv, type ValidateFunction } from "ajv";
import { X_OPERATIONS, type XOperation } from "./x-operations.ts";
import type { XExchange } from "./x-simulator.ts";

type Bag = Record<string, unknown>;
interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly schema: Bag;
}
const FORMATS = ["date-time", "uri", "int32", "int64", "float", "double", "binary", "byte"];

/**
 * Reads X's own OpenAPI document from a file. Operations and the simulator's exchanges are checked against it. The
 * document belongs to X, so no part of it is in this repository; docs/platforms/twitter.md says where to get it.
 */
export async function xDocument(file: string) {
  const document = JSON.parse(await readFile(file, "utf8")) as Bag;
  tidied(document);
  const ajv = new Ajv({ strict: false, formats: Object.fromEntries(FORMATS.map((name) => [name, true as const])) });
  ajv.addSchema(document, "x");
  const compiled = new Map<unknown, ValidateFunction>();

  const at = (...path: readonly string[]): unknown =>
    path.reduce<unknown>((value, key) => resolved((value as Bag | undefined)?.[key]), document);
  const resolved = (value: unknown): unknown => {
    const ref = (value as { $ref?: unknown } | undefined)?.$ref;
    return typeof ref === "string" ? at(...ref.slice(2).split("/")) : value;
  };
  /** Makes references absolute, so that a part can be compiled separately. */
  const absolute = (schema: unknown): unknown =>
    JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"x#/')) as unknown;
  const check = (schema: unknown, value: unknown): readonly string[] => {
    const validate = compiled.get(schema) ?? ajv.compile(absolute(schema) as object);
    compiled.set(schema, validate);
    return validate(value)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
  const operation = ({ method, path }: Pick<XOperation, "method" | "path">) =>
    at("paths", path, method.toLowerCase()) as Bag | undefined;
  const parameters = (schema: Bag) =>
    ((schema.parameters ?? []) as unknown[]).map((value) => resolved(value) as Parameter);
  const content = (message: unknown): Bag => {
    const types = ((message as Bag | undefined)?.content ?? {}) as Bag;
    return resolved((types["application/json"] as Bag | undefined)?.schema) as Bag;
  };

  /** Lists claims of an operation that the document does not support. */
  function factFaults(fact: XOperation): readonly string[] {
    const documented = operation(fact);
    if (!documented) return ["there is no such operation"];
    const scopes = (documented.security as Bag[]).flatMap(({ OAuth2UserToken: list = [] }) => list as string[]);
    const known = parameters(documented).filter((parameter) => parameter.in === "query");
    const body = documented.requestBody
      ? (content(resolved(documented.requestBody)) as { properties?: Bag; required?: string[] })
      : {};
    const names = (list: readonly string[] = []) => list.map((name) => name.replace("!", ""));
    const musts = (list: readonly string[] = []) =>
      list.filter((name) => name.endsWith("!")).map((name) => name.slice(0, -1));
    const missing = (kind: string, list: readonly string[], among: readonly string[]) =>
      list.filter((name) => !among.includes(name)).map((name) => `${kind} ${name}`);
    return [
      ...missing("no scope", fact.scopes, scopes),
      ...missing("also the scope", scopes, fact.scopes),
      ...missing(
        "no parameter",
        names(fact.query),
        known.map(({ name }) => name),
      ),
      ...missing(
        "also must have",
        known.filter(({ required }) => required).map(({ name }) => name),
        musts(fact.query),
      ),
      ...missing("no field", names(fact.body), Object.keys(body.properties ?? {})),
      ...missing("also must have", body.required ?? [], musts(fact.body)),
      ...(at("paths", fact.path, fact.method.toLowerCase(), "responses", String(fact.status))
        ? []
        : ["another status"]),
    ];
  }

  /** Lists deviations of an answered request and of its answer from the document. */
  function exchangeFaults({ endpoint, query, body, status, answer }: XExchange): readonly string[] {
    const fact = X_OPERATIONS.find(({ method, path }) => `${method} ${path}` === endpoint);
    const documented = fact && operation(fact);
    if (!fact || !documented) return [`${endpoint} is not known`];
    const known = parameters(documented).filter((parameter) => parameter.in === "query");
    const queryErrors = [...query].flatMap(([name, text]) => {
      const schema = resolved(known.find((parameter) => parameter.name === name)?.schema) as Bag | undefined;
      if (!schema) return [`query ${name} is not known`];
      const value = schema.type === "array" ? text.split(",") : schema.type === "integer" ? Number(text) : text;
      return check(schema, value).map((fault) => `query ${name}${fault}`);
    });
    const json = Object.values(body).some((value) => value instanceof Buffer) ? undefined : body;
    const sent = documented.requestBody && json ? check(content(resolved(documented.requestBody)), json) : [];
    const response = resolved((documented.responses as Bag)[String(status)]);
    const got = status >= 300 ? [] : check(content(response), answer);
    return [...queryErrors, ...sent.map((fault) => `body ${fault}`), ...got.map((fault) => `answer ${fault}`)];
  }
  return { factFaults, exchangeFaults };
}

/**
 * Removes parts that Ajv refuses. These are text beside `$ref`, `nullable` without a type, and repeated values of
 * enums.
 */
function tidied(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  const bag = value as Bag;
  if (typeof bag.$ref === "string") for (const key of Object.keys(bag)) if (key !== "$ref") delete bag[key];
  if (bag.nullable !== undefined && bag.type === undefined) delete bag.nullable;
  if (Array.isArray(bag.enum)) bag.enum = [...new Set(bag.enum)];
  // Discriminators belong to OpenAPI; the `oneOf` beside a discriminator has the same meaning.
  delete bag.discriminator;
  for (const child of Object.values(bag)) tidied(child);
}
