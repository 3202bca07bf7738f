import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { TSchema } from "typebox";

/** One thing that is wrong with an input: where (RFC 6901 pointer) and what to do about it. Never the input itself. */
export interface Fault {
  readonly pointer: string;
  readonly detail: string;
}

const ajv = new Ajv2020({
  allErrors: false,
  strict: true,
  allowUnionTypes: true,
  strictRequired: false,
  messages: true,
});
(formats as unknown as (ajv: Ajv2020, names: readonly string[]) => void)(ajv, [
  "date-time",
  "email",
  "uri",
  "hostname",
  "ipv4",
  "ipv6",
]);

const compiled = new WeakMap<TSchema, ValidateFunction>();

/** Checks a value against a schema; an empty list means it fits. Compiles each schema once. */
export function faults(schema: TSchema, value: unknown): Fault[] {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = ajv.compile(schema);
    compiled.set(schema, validate);
  }
  return validate(value) ? [] : meaningful(validate.errors ?? []).map(faultOf);
}

/** Ajv reports each failed branch of a union and then the union itself; a reader wants the deepest complaint. */
function meaningful(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const plain = errors.filter(
    (error) => error.keyword !== "anyOf" && error.keyword !== "oneOf" && error.keyword !== "if",
  );
  const list = plain.length > 0 ? plain : errors;
  const deepest = Math.max(...list.map((error) => error.instancePath.length));
  return list.filter((error) => error.instancePath.length === deepest);
}

function faultOf(error: ErrorObject): Fault {
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case "required":
      return { pointer: `${error.instancePath}/${escaped(String(params.missingProperty))}`, detail: "is required" };
    case "additionalProperties":
    case "unevaluatedProperties":
      return { pointer: error.instancePath, detail: "has a property that is not known here" };
    case "const":
      return { pointer: error.instancePath, detail: `must be ${JSON.stringify(params.allowedValue)}` };
    case "enum":
      return { pointer: error.instancePath, detail: `must be one of ${JSON.stringify(params.allowedValues)}` };
    case "pattern":
      return { pointer: error.instancePath, detail: "has characters or a form that are not allowed" };
    default:
      return { pointer: error.instancePath, detail: error.message ?? "is not valid" };
  }
}

function escaped(part: string): string {
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}
