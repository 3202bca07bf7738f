import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { OpenAPIV3_1 } from "openapi-types";
import type { Response } from "supertest";

/** Answer of any client: supertest, a raw socket, a WebSocket client. */
export interface Answer {
  readonly method: string;
  /** Path and query, with the base path. */
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Conformance {
  /** Throws when the document does not describe the answer; records the exercised status. */
  readonly check: (answer: Answer) => void;
  /** The same for supertest: `seen(await request(…).get(…))`. Answers the response. */
  readonly seen: (response: Response) => Response;
  /** Documented operation, status and code (or media type) that no answer showed yet. */
  readonly unexercised: () => readonly string[];
  /** Throws when the value does not fit the component of that name. */
  readonly fits: (component: string, value: unknown) => void;
}

/** Headers that HTTP, CORS or caching bring and that no operation needs to document. */
const EVERYWHERE =
  /^(content-(type|length|encoding)|date|connection|keep-alive|transfer-encoding|vary|cache-control|x-content-type-options|referrer-policy|content-security-policy|x-accel-buffering|access-control-.*|set-cookie|x-request-id|dragoman-version)$/;
const METHODS = ["get", "put", "post", "delete"] as const;

type Operation = OpenAPIV3_1.OperationObject;
type Codes = { readonly properties?: { readonly code?: { readonly enum?: readonly string[] } } };

/** Checks real answers against an OpenAPI document and records the exercised operations and statuses. */
export function conform(document: OpenAPIV3_1.Document, basePath = "/gateway"): Conformance {
  const schemas = schemaChecker(document);
  const done = new Set<string>();

  function operationOf({
    method,
    path,
  }: Answer): { readonly name: string; readonly pointer: string; readonly operation: Operation } | undefined {
    const { template, item } = pathOf(document, withoutBase(path, basePath)) ?? {};
    if (template === undefined || item === undefined) return undefined;
    const verb = method === "HEAD" ? "get" : method.toLowerCase();
    const operation = (item as Record<string, Operation | undefined>)[verb];
    const pointer = `/paths/${escaped(template)}/${verb}`;
    return operation && { name: `${verb.toUpperCase()} ${template}`, pointer, operation };
  }

  function check(answer: Answer): void {
    const found = operationOf(answer);
    const where = `${answer.method} ${answer.path} → ${answer.status}`;
    if (found === undefined) {
      undocumented(document, answer, basePath, schemas, where);
      return;
    }
    const response = found.operation.responses?.[answer.status] as OpenAPIV3_1.ResponseObject | undefined;
    if (response === undefined) throw new Error(`${where} is not documented: ${answer.text.slice(0, 500)}`);
    checkHeaders(response, answer, schemas, `${found.pointer}/responses/${answer.status}`, where);
    const type = mediaTypeOf(answer);
    const key = `${found.name} ${answer.status}`;
    if (response.content === undefined) {
      if (answer.text !== "") throw new Error(`${where} has a body though none is documented`);
      done.add(key);
      return;
    }
    if (type === undefined || response.content[type] === undefined)
      throw new Error(`${where}: ${type} is not documented`);
    if (answer.method === "HEAD") return;
    const pointer = `${found.pointer}/responses/${answer.status}/content/${escaped(type)}`;
    if (type === "text/event-stream") checkStream(answer.text, response.content[type], schemas, pointer, where);
    else schemas.check(`${pointer}/schema`, type.endsWith("json") ? JSON.parse(answer.text) : answer.text, where);
    const code = type === "application/problem+json" ? (JSON.parse(answer.text) as { code: string }).code : undefined;
    done.add(`${key} ${code ?? type}`);
  }

  return {
    check,
    seen: (response) => {
      const { method, url } = response.request as unknown as { readonly method: string; readonly url: string };
      const { pathname, search } = new URL(url);
      const text = response.text ?? (response.body instanceof Buffer ? response.body.toString() : "");
      check({ method, path: pathname + search, status: response.status, headers: response.headers, text });
      return response;
    },
    unexercised: () => documented(document).filter((key) => !done.has(key)),
    fits: (component, value) => schemas.check(`/components/schemas/${component}`, value, component),
  };
}

interface SchemaChecker {
  readonly check: (pointer: string, value: unknown, where: string) => void;
}

function schemaChecker(document: OpenAPIV3_1.Document): SchemaChecker {
  const ajv = new Ajv2020({
    strict: true,
    strictTypes: false,
    strictRequired: false,
    allErrors: true,
    validateSchema: false,
  });
  (formats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addVocabulary([...Object.keys(document), "discriminator"]);
  ajv.addSchema(document, "contract");
  const compiled = new Map<string, ValidateFunction>();
  return {
    check: (pointer, value, where) => {
      const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `contract#${encodeURI(pointer)}` });
      compiled.set(pointer, validate);
      if (validate(value)) return;
      throw new Error(`${where} does not fit ${pointer}: ${ajv.errorsText(validate.errors)}\n${JSON.stringify(value)}`);
    },
  };
}

/**
 * Checks undocumented paths and methods. An undocumented path must answer 404; an undocumented method 405 with the
 * allowed methods.
 */
function undocumented(
  document: OpenAPIV3_1.Document,
  answer: Answer,
  basePath: string,
  schemas: SchemaChecker,
  where: string,
): void {
  const item = pathOf(document, withoutBase(answer.path, basePath))?.item as Record<string, unknown> | undefined;
  const status = item === undefined ? 404 : 405;
  if (answer.status !== status) throw new Error(`${where}: must be ${status}`);
  if (mediaTypeOf(answer) !== "application/problem+json") throw new Error(`${where}: must be a problem`);
  if (answer.method !== "HEAD") schemas.check("/components/schemas/Problem", JSON.parse(answer.text), where);
  if (item === undefined) return;
  const allow = String(answer.headers.allow ?? "").split(/\s*,\s*/);
  const lacking = METHODS.filter((method) => item[method] !== undefined && !allow.includes(method.toUpperCase()));
  if (lacking.length > 0) throw new Error(`${where}: Allow lacks ${lacking.join(", ")}`);
}

function checkHeaders(
  response: OpenAPIV3_1.ResponseObject,
  answer: Answer,
  schemas: SchemaChecker,
  pointer: string,
  where: string,
): void {
  const documented = Object.entries(response.headers ?? {}) as Array<[string, OpenAPIV3_1.HeaderObject]>;
  for (const [name, header] of documented) {
    const value = answer.headers[name.toLowerCase()];
    if (value !== undefined)
      schemas.check(`${pointer}/headers/${escaped(name)}/schema`, String(value), `${where} ${name}`);
    else if (header.required) throw new Error(`${where}: the header ${name} is missing`);
  }
  const known = new Set(documented.map(([name]) => name.toLowerCase()));
  const strange = Object.keys(answer.headers).filter((name) => !EVERYWHERE.test(name) && !known.has(name));
  if (strange.length > 0) throw new Error(`${where}: not documented: ${strange.join(", ")}`);
}

/** Checks every block of an event stream: `data:` must match the schema of its `event:`. */
function checkStream(text: string, media: object, schemas: SchemaChecker, pointer: string, where: string): void {
  const controls = (media as { readonly "x-events": Record<string, { readonly $ref: string }> })["x-events"];
  const whole = text.slice(0, text.lastIndexOf("\n\n"));
  for (const block of whole.split("\n\n")) {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
    const data = field("data");
    if (data === undefined) continue;
    const control = controls[field("event") ?? ""];
    schemas.check(
      control?.$ref.slice(1) ?? `${pointer}/schema`,
      JSON.parse(data),
      `${where} ${field("event") ?? "message"}`,
    );
  }
}

/**
 * Lists every operation and status of the document except `default`. Problems are listed by code, others by media type.
 */
function documented(document: OpenAPIV3_1.Document): readonly string[] {
  return Object.entries(document.paths ?? {}).flatMap(([template, item]) =>
    METHODS.flatMap((method) => {
      const responses = Object.entries((item as Record<string, Operation | undefined>)[method]?.responses ?? {});
      return responses
        .filter(([status]) => status !== "default")
        .flatMap(([status, response]) => {
          const key = `${method.toUpperCase()} ${template} ${status}`;
          const content = Object.entries((response as OpenAPIV3_1.ResponseObject).content ?? {});
          if (content.length === 0) return [key];
          return content.flatMap(
            ([type, { schema }]) => codesOf(schema)?.map((code) => `${key} ${code}`) ?? [`${key} ${type}`],
          );
        });
    }),
  );
}

function codesOf(schema: unknown): readonly string[] | undefined {
  const parts = (schema as { readonly allOf?: readonly Codes[] } | undefined)?.allOf;
  return parts?.find((part) => part.properties?.code !== undefined)?.properties?.code?.enum;
}

function pathOf(document: OpenAPIV3_1.Document, path: string) {
  const all = Object.entries(document.paths ?? {});
  const exact = all.find(([template]) => template === path);
  const found =
    exact ??
    all.find(([template]) =>
      new RegExp(`^${template.replace(/[.]/g, "\\.").replace(/\{[^}]+\}/g, "[^/]+")}$`).test(path),
    );
  return found && { template: found[0], item: found[1] };
}

function withoutBase(path: string, basePath: string): string {
  const bare = path.split("?", 1)[0] as string;
  return bare.startsWith(`${basePath}/`) ? bare.slice(basePath.length) : bare;
}

function mediaTypeOf(answer: Answer): string | undefined {
  const type = answer.headers["content-type"];
  return type === undefined ? undefined : (String(type).split(";", 1)[0] as string).trim();
}

function escaped(part: string): string {
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}
