import type { OpenAPIV3_1 } from "openapi-types";
import { type ProblemCode, problems } from "../routes/http/problem.ts";
import type { Schema, SchemaSerializer } from "./plain.ts";

type Responses = Record<string, OpenAPIV3_1.ResponseObject>;
type HeaderSchema = NonNullable<OpenAPIV3_1.HeaderObject["schema"]>;
type Headers = NonNullable<OpenAPIV3_1.ResponseObject["headers"]>;

const text = (description: string, required = false, schema: HeaderSchema = { type: "string" }) => ({
  description,
  required,
  schema,
});

/** Headers of answers, by name. */
export const headers = {
  Location: text("Address of the activity's status.", true, { type: "string", format: "uri-reference" }),
  "Idempotent-Replayed": text("`true`: this rid was accepted before; the activity is not repeated.", false, {
    type: "string",
    enum: ["true"],
  }),
  "Preference-Applied": text("The applied maximum wait.", true, { type: "string", pattern: "^wait=[0-9]+$" }),
  "Retry-After": text("Seconds until the request may succeed.", false, { type: "string", pattern: "^[0-9]+$" }),
  "WWW-Authenticate": text("The accepted authentication scheme.", true),
  RateLimit: text('What is left of the rate: `"activities";r=99;t=1` (draft-ietf-httpapi-ratelimit-headers).'),
  "RateLimit-Policy": text('The rate of an app: `"activities";q=100;w=1`, activities and seconds.'),
  Link: text('Address of the next page, where a page has a standard\'s format: `<…>; rel="next"`.'),
  ETag: text("Send as `If-None-Match`; an unchanged document answers 304.", true),
  Upgrade: text("The protocol of this path.", true),
  Allow: text("The methods of this path.", true),
} as const satisfies Headers;

/** Headers of answers whose request counts against the rate of its app. */
export const rateHeaders: Headers = { RateLimit: headers.RateLimit, "RateLimit-Policy": headers["RateLimit-Policy"] };

/** An answer that holds JSON. */
export function json(description: string, schema: Schema, more: Headers = {}): OpenAPIV3_1.ResponseObject {
  return {
    description,
    ...(Object.keys(more).length === 0 ? {} : { headers: more }),
    content: { "application/json": { schema: schema as OpenAPIV3_1.SchemaObject } },
  };
}

/** The problems an operation may answer, by status; each says which codes it can carry. */
export function refusals(serializer: SchemaSerializer, codes: readonly ProblemCode[]): Responses {
  const all = [...new Set(codes)];
  const statuses = [...new Set(all.map((code) => problems[code][0]))].sort((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const those = all.filter((code) => problems[code][0] === status);
      return [
        String(status),
        {
          description: those.map((code) => `\`${code}\`: ${problems[code][1]}.`).join(" "),
          ...headersOf(status),
          content: { "application/problem+json": { schema: narrowed(serializer, status, those) } },
        },
      ];
    }),
  );
}

function narrowed(
  serializer: SchemaSerializer,
  status: number,
  codes: readonly ProblemCode[],
): OpenAPIV3_1.SchemaObject {
  const exactly = { type: "object" as const, properties: { status: { const: status }, code: { enum: [...codes] } } };
  return { allOf: [serializer.ref("Problem"), exactly as OpenAPIV3_1.SchemaObject] };
}

function headersOf(status: number): { readonly headers?: Headers } {
  if (status === 401) return { headers: { "WWW-Authenticate": headers["WWW-Authenticate"] } };
  if (status === 426) return { headers: { Upgrade: headers.Upgrade, Allow: headers.Allow } };
  if (status === 429) return { headers: { "Retry-After": headers["Retry-After"], ...rateHeaders } };
  if (status === 503) return { headers: { "Retry-After": headers["Retry-After"] } };
  return {};
}
