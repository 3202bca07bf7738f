import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { TSchema } from "typebox";
import { isBase64 } from "./base64.ts";
import { narrowUnionErrors } from "./validate-unions.ts";

/** Validation error of an input: position (RFC 6901 pointer) and remedy. Never the input itself. */
export interface ValidationError {
  readonly pointer: string;
  readonly detail: string;
}

const ajv = new Ajv2020({
  allErrors: false,
  strict: true,
  allowUnionTypes: true,
  strictRequired: false,
  messages: true,
  verbose: true,
});
(formats as unknown as (ajv: Ajv2020, names: readonly string[]) => void)(ajv, [
  "date-time",
  "email",
  "uri",
  "hostname",
  "ipv4",
  "ipv6",
]);

ajv.addFormat("byte", { type: "string", validate: isBase64 });

const compiled = new WeakMap<TSchema, ValidateFunction>();

/** Checks a value against a schema; an empty list means it fits. Compiles each schema once. */
export function validationErrors(schema: TSchema, value: unknown): ValidationError[] {
  let validate = compiled.get(schema);
  if (!validate) {
    validate = ajv.compile(schema);
    compiled.set(schema, validate);
  }
  if (validate(value)) return [];
  const errors = merged(meaningful(narrowUnionErrors(validate.errors ?? [])));
  // Ajv keeps the last errors with the refused value, which may be somebody's credentials.
  validate.errors = null;
  return errors;
}

/** Returns the deepest errors. Ajv reports each failed branch of a union and then the union itself. */
function meaningful(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const plain = errors.filter(
    (error) => error.keyword !== "anyOf" && error.keyword !== "oneOf" && error.keyword !== "if",
  );
  const list = plain.length > 0 ? plain : errors;
  const deepest = Math.max(...list.map((error) => error.instancePath.length));
  return list.filter((error) => error.instancePath.length === deepest);
}

/** Complaints of several branches about one place are alternatives, and told as one fault. */
function merged(errors: readonly ErrorObject[]): ValidationError[] {
  const missing = [...new Set(errors.filter(isRequired).map(({ params }) => String(params.missingProperty)))];
  const typed = errors.filter(({ keyword }) => keyword === "type");
  const { instancePath: pointer = "" } = errors[0] ?? {};
  if (missing.length > 1 && errors.every(isRequired))
    return [{ pointer, detail: `needs one of ${missing.join(", ")}` }];
  if (typed.length > 1 && typed.length === errors.length)
    return [{ pointer, detail: `must be ${typed.map(({ params }) => String(params.type)).join(" or ")}` }];
  const reported = (typed.length === errors.length ? errors : errors.filter((error) => !typed.includes(error))).map(
    faultOf,
  );
  return reported.filter(
    (error, at) =>
      reported.findIndex(({ pointer, detail }) => pointer === error.pointer && detail === error.detail) === at,
  );
}

function isRequired({ keyword }: ErrorObject): boolean {
  return keyword === "required";
}

/** Sentences for formats whose name says too little. */
const FORMATS: Readonly<Record<string, string>> = {
  byte: "must be base64",
  "date-time": 'must be a time such as "2030-01-31T12:00:00Z"',
};

function faultOf({ keyword, instancePath: pointer, params, parentSchema = {}, message }: ErrorObject): ValidationError {
  switch (keyword) {
    case "required":
      return { pointer: `${pointer}/${escaped(String(params.missingProperty))}`, detail: "is required" };
    case "additionalProperties":
    case "unevaluatedProperties": {
      const known = Object.keys(parentSchema.properties ?? {});
      return {
        pointer,
        detail: unknownProperty(String(params.additionalProperty ?? params.unevaluatedProperty ?? ""), known),
      };
    }
    case "const":
      return { pointer, detail: `must be ${JSON.stringify(params.allowedValue)}` };
    case "enum":
      return {
        pointer,
        detail: `must be one of ${params.allowedValues.map((allowed: unknown) => JSON.stringify(allowed)).join(", ")}`,
      };
    case "pattern":
      return { pointer, detail: `has characters or a form that are not allowed${meant(parentSchema.description)}` };
    case "format":
      return {
        pointer,
        detail: FORMATS[params.format] ?? `must be a valid ${params.format}`,
      };
    case "minItems":
    case "maxItems":
      return { pointer, detail: `must have at ${keyword === "minItems" ? "least" : "most"} ${params.limit}` };
    case "minLength":
    case "maxLength":
      return {
        pointer,
        detail: `must have at ${keyword === "minLength" ? "least" : "most"} ${params.limit} characters`,
      };
    default:
      return { pointer, detail: message ?? "is not valid" };
  }
}

/** Describes an unknown property. Its name is told where that is a plain word: no answer repeats other input. */
export function unknownProperty(name: string, known: readonly string[]): string {
  const named = /^[a-z][A-Za-z]{0,31}$/.test(name) ? `has the property ${name}, which` : "has a property that";
  return `${named} is not known here${known.length > 0 ? `; known are ${known.join(", ")}` : ""}`;
}

/** Returns the schema's description of the field, as the end of a sentence. */
function meant(description: unknown): string {
  return typeof description === "string" ? `; meant is: ${description.replace(/\.$/, "")}` : "";
}

function escaped(part: string): string {
  return part.replaceAll("~", "~0").replaceAll("/", "~1");
}
