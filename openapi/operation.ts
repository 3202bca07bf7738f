import type { OpenAPIV3_1 } from "openapi-types";
import type { ProblemCode } from "../routes/http/problem.ts";
import type { Scope } from "../src/model/caller.ts";
import type { Schema, SchemaSerializer } from "./plain.ts";
import { refusals } from "./responses.ts";

/** A path of the document. openapi-types' own type asks each method to fit OpenAPI 3.0 as well, so `paths` takes this one. */
export interface Path {
  readonly parameters?: readonly OpenAPIV3_1.ParameterObject[];
  readonly get?: OpenAPIV3_1.OperationObject;
  readonly put?: OpenAPIV3_1.OperationObject;
  readonly post?: OpenAPIV3_1.OperationObject;
  readonly delete?: OpenAPIV3_1.OperationObject;
}
export type Paths = Readonly<Record<string, Path>>;
/** Parameters and headers: openapi-types knows their schemas by OpenAPI 3.0 only. */
type ParameterSchema = NonNullable<OpenAPIV3_1.ParameterObject["schema"]>;

/** An operation in a few words. `operation` says the rest, which is the same for all. */
export interface OperationSpec {
  readonly id: string;
  readonly tag:
    | "Activities"
    | "Dead letters"
    | "Suppressions"
    | "Events"
    | "Accounts"
    | "Hooks"
    | "Tokens"
    | "Platforms"
    | "Administration"
    | "Operating";
  readonly summary: string;
  readonly description?: string;
  /** Scopes of permitted callers, all needed; absent: everybody. `keyOnly`: no token can carry the scope. */
  readonly scope?: Scope | readonly Scope[];
  readonly keyOnly?: boolean;
  /** Needs an admin token in place of an app's credential. */
  readonly admin?: boolean;
  /** A stream or socket also takes tickets. */
  readonly tickets?: boolean;
  readonly parameters?: readonly OpenAPIV3_1.ParameterObject[];
  readonly body?: OpenAPIV3_1.MediaTypeObject;
  readonly answers: Readonly<Record<string, OpenAPIV3_1.ResponseObject>>;
  readonly problems?: readonly ProblemCode[];
}

/** Refusals of any body before it is read. */
const OF_BODY: readonly ProblemCode[] = [
  "malformed-json",
  "payload-too-large",
  "unsupported-media-type",
  "validation-failed",
];
/** Refusals of authenticated operations. */
const OF_CALLER: readonly ProblemCode[] = ["unauthenticated", "forbidden", "rate-limited", "overloaded"];

/** Refusals of operations with an admin token. */
const OF_ADMIN: readonly ProblemCode[] = ["unauthenticated", "rate-limited", "overloaded"];

/** The operation as the document holds it. */
export function operation(serializer: SchemaSerializer, spec: OperationSpec): OpenAPIV3_1.OperationObject {
  const codes = [
    ...(spec.scope === undefined ? [] : OF_CALLER),
    ...(spec.admin === true ? OF_ADMIN : []),
    ...(spec.body === undefined ? [] : OF_BODY),
    ...(spec.problems ?? []),
  ];
  return {
    operationId: spec.id,
    tags: [spec.tag],
    summary: spec.summary,
    ...(spec.description === undefined ? {} : { description: spec.description }),
    security: securityOf(spec),
    ...(spec.parameters === undefined ? {} : { parameters: [...spec.parameters] }),
    ...(spec.body === undefined ? {} : { requestBody: { required: true, content: { "application/json": spec.body } } }),
    responses: {
      ...spec.answers,
      ...refusals(serializer, codes),
      default: {
        description: "Anything else, such as `internal-error` when something broke on our side.",
        content: { "application/problem+json": { schema: serializer.ref("Problem") as OpenAPIV3_1.SchemaObject } },
      },
    },
  };
}

function securityOf({ scope, keyOnly, tickets, admin }: OperationSpec): OpenAPIV3_1.SecurityRequirementObject[] {
  if (admin) return [{ admin: [] }];
  if (scope === undefined) return [{}];
  const scopes = [scope].flat();
  if (keyOnly) return [{ key: scopes }];
  return [{ key: scopes }, { token: scopes }, { cookie: scopes }, ...(tickets ? [{ ticket: scopes }] : [])];
}

/** A parameter in the query. */
export function query(name: string, description: string, schema: Schema): OpenAPIV3_1.ParameterObject {
  return { name, in: "query", description, schema: schema as ParameterSchema };
}

/** A part of the path. */
export function inPath(name: string, description: string, schema: Schema): OpenAPIV3_1.ParameterObject {
  return { name, in: "path", required: true, description, schema: schema as ParameterSchema };
}

/** A request header. */
export function header(name: string, description: string, schema: Schema): OpenAPIV3_1.ParameterObject {
  return { name, in: "header", description, schema: schema as ParameterSchema };
}
