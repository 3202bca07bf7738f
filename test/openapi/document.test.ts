import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { OpenAPIV3_1 } from "openapi-types";
import { describe, expect, it } from "vitest";
import { openapiDocument } from "../../openapi/document.ts";
import { problems } from "../../routes/http/problem.ts";
import { parseActivity } from "../../src/intake/parse-activity.ts";
import { platforms } from "../../src/platforms/index.ts";

const run = promisify(execFile);
const all = platforms({});
const find = (name: string) => all.find(({ id, aliases = [] }) => id === name || aliases.includes(name));
const document = openapiDocument({ platforms: all, version: "1.2.3", basePath: "/gateway" });
type Operation = OpenAPIV3_1.OperationObject;
const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  Object.entries(item as Record<string, unknown>).flatMap(
    ([method, operation]): Array<[string, Operation]> =>
      method === "parameters" ? [] : [[`${method} ${path}`, operation as Operation]],
  ),
);

function ajv(): Ajv2020 {
  const validator = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, validateSchema: false });
  (formats as unknown as (ajv: Ajv2020) => void)(validator);
  validator.addVocabulary(Object.keys(document));
  return validator.addSchema(document, "contract");
}

describe("the document", () => {
  it("equals the committed file, lacks the dummy, and passes the linter", async () => {
    await run("npm", ["run", "openapi:fresh"]);
    const text = await readFile(new URL("../../openapi/openapi.json", import.meta.url), "utf8");
    expect(text).not.toMatch(/dummy/i);
    expect(text).toContain('"EmailSend"');
  }, 120_000);

  it("has schemas that compile strictly and are all referenced", () => {
    const text = JSON.stringify(document);
    for (const name of Object.keys(document.components?.schemas ?? {})) {
      expect(() => ajv().compile({ $ref: `contract#/components/schemas/${name}` }), name).not.toThrow();
      expect(text).toContain(`"#/components/schemas/${name}"`);
    }
  });

  it("names each operation once, with a summary, an existing tag and its scopes", () => {
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = document.tags?.map(({ name }) => name);
    for (const [name, { summary, tags: own, security }] of operations) {
      expect(summary, name).toBeTypeOf("string");
      expect(tags, name).toContain(own?.[0]);
      expect(security, name).toBeDefined();
    }
  });

  it("has examples that fit their schemas, and activities that are accepted", async () => {
    const shown = operations.flatMap(([name, { requestBody }]) => {
      const media = (requestBody as OpenAPIV3_1.RequestBodyObject | undefined)?.content["application/json"];
      return Object.entries(media?.examples ?? {}).map(([example, shown]) => ({
        name,
        example,
        media,
        value: (shown as OpenAPIV3_1.ExampleObject).value,
      }));
    });
    expect(shown.map(({ example }) => example)).toContain("Essay");
    const validators = new Map<string, ReturnType<ReturnType<typeof ajv>["compile"]>>();
    for (const { name, example, media, value } of shown) {
      const validate = validators.get(name) ?? ajv().compile(inContract(media?.schema));
      validators.set(name, validate);
      expect(validate(value), `${name} ${example}: ${JSON.stringify(validate.errors)}`).toBe(true);
      if (name !== "post /activities") continue;
      for (const activity of Array.isArray(value) ? value : [value]) {
        expect((await parseActivity(find, activity, Date.now())).platform.id).toBe(activity.platform);
      }
    }
  });

  it("has a schema for each verb of each platform, also by alias", () => {
    const { platform } = schemaOf("EmailSend").properties as Record<string, { enum: string[] }>;
    expect(platform?.enum).toEqual(["email", "smtp"]);
    for (const name of ["DummyEcho", "DummyFail", "DummyUnknown"]) expect(schemaOf(name).type).toBe("object");
  });

  it("mentions every problem code that an operation can answer", () => {
    const text = JSON.stringify(document.paths);
    const untold = Object.keys(problems).filter((code) => !text.includes(`"${code}"`));
    expect(untold.sort()).toEqual([
      "headers-too-large",
      "internal-error",
      "malformed-request",
      "method-not-allowed",
      "request-timeout",
    ]);
  });

  it("names the address of this gateway", () => {
    const at = (basePath: string, publicUrl?: string) =>
      openapiDocument({ platforms: all, version: "1", basePath, ...(publicUrl && { publicUrl }) }).servers?.[0]?.url;
    expect([at("/gateway"), at(""), at("/gw", "https://example.org/")]).toEqual([
      "/gateway",
      "/",
      "https://example.org/gw",
    ]);
  });
});

function schemaOf(name: string): OpenAPIV3_1.SchemaObject {
  return document.components?.schemas?.[name] as OpenAPIV3_1.SchemaObject;
}

/** Makes references of a part absolute, so that other documents can follow them. */
function inContract(part: unknown): object {
  return JSON.parse(JSON.stringify(part).replaceAll('"#/', '"contract#/')) as object;
}
