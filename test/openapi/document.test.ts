import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { OpenAPIV3_1 } from "openapi-types";
import { describe, expect, it } from "vitest";
import { openapiDocument } from "../../openapi/document.ts";
import { problems } from "../../routes/http/problem.ts";
import { EVENT_MEDIA_TYPES } from "../../src/event-formats/event-formats.ts";
import { parseActivity } from "../../src/intake/parse-activity.ts";
import { EVENT_TYPES } from "../../src/model/event.ts";
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
  validator.addVocabulary([...Object.keys(document), "discriminator"]);
  return validator.addSchema(document, "contract");
}

describe("the document", () => {
  it("equals the committed file, lacks the dummy, and passes the linter", async () => {
    await run("npm", ["run", "openapi:fresh"]);
    const text = await readFile(new URL("../../openapi/openapi.json", import.meta.url), "utf8");
    expect(text).not.toMatch(/dummy/i);
    expect(text).toContain('"EmailSend"');
  });

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

  it("finds the schema of an activity by platform, then by verb, and of an event by type", () => {
    const mappingOf = (name: string) => (schemaOf(name).discriminator as OpenAPIV3_1.DiscriminatorObject).mapping ?? {};
    expect(mappingOf("Activity").smtp).toBe("#/components/schemas/EmailActivity");
    expect(mappingOf("EmailActivity").send).toBe("#/components/schemas/EmailSend");
    const types = Object.entries(mappingOf("Event")).map(([type, ref]) => {
      const { properties } = schemaOf(ref.replace("#/components/schemas/", ""));
      return [type, (properties?.type as { const?: string } | undefined)?.const];
    });
    expect(types).toEqual(EVENT_TYPES.map((type) => [type, type]));
  });

  it("shows first what needs no stored account, and says what does", () => {
    const [post] = operations.filter(([name]) => name === "post /activities").map(([, { requestBody }]) => requestBody);
    const { examples = {} } = (post as OpenAPIV3_1.RequestBodyObject).content["application/json"] ?? {};
    const summaries = Object.values(examples).map((example) => (example as OpenAPIV3_1.ExampleObject).summary ?? "");
    const needs = summaries.slice(0, -1).map((summary) => summary.endsWith("(needs a stored account)"));
    expect(needs).toEqual([...needs].sort((a, b) => Number(a) - Number(b)));
    expect(needs[0]).toBe(false);
  });

  it("describes the deliveries of webhooks, with their signature", () => {
    const event = document.webhooks?.event as OpenAPIV3_1.PathItemObject | undefined;
    const post = event?.post;
    const headers = post?.parameters?.map((parameter) => (parameter as OpenAPIV3_1.ParameterObject).name);
    expect(headers).toEqual(["webhook-id", "webhook-timestamp", "webhook-signature"]);
    const body = post?.requestBody as OpenAPIV3_1.RequestBodyObject | undefined;
    expect(Object.keys(body?.content ?? {})).toEqual(Object.values(EVENT_MEDIA_TYPES));
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
