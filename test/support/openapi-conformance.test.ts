import type { OpenAPIV3_1 } from "openapi-types";
import { describe, expect, it } from "vitest";
import { type Answer, conform } from "./openapi-conformance.ts";

const problem = { content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } } };
const document: OpenAPIV3_1.Document = {
  openapi: "3.1.0",
  info: { title: "test", version: "1" },
  paths: {
    "/things/{id}": {
      get: {
        responses: {
          "200": {
            description: "",
            headers: { ETag: { required: true, schema: { type: "string", pattern: '^"' } } },
            content: { "application/json": { schema: { $ref: "#/components/schemas/Thing" } } },
          },
          "204": { description: "" },
          "404": { description: "", ...problem },
          default: { description: "", ...problem },
        },
      },
    },
  },
  components: {
    schemas: {
      Thing: { type: "object", properties: { id: { type: "string" } }, required: ["id"], additionalProperties: false },
      Problem: { type: "object", properties: { code: { type: "string" } }, required: ["code"] },
    },
  },
};
const headers = { "content-type": "application/json", etag: '"1"' };
const good: Answer = { method: "GET", path: "/gateway/things/1?x=1", status: 200, headers, text: '{"id":"1"}' };
const refused = {
  ...good,
  headers: { "content-type": "application/problem+json", allow: "GET" },
  text: '{"code":"c"}',
};
const says = (more: Partial<Answer>, base: Answer = good) => {
  const contract = conform(document);
  return () => contract.check({ ...base, ...more });
};

describe("the conformance checker", () => {
  it("accepts documented answers and records them", () => {
    const contract = conform(document);
    contract.check(good);
    expect(contract.unexercised()).toEqual(["GET /things/{id} 204", "GET /things/{id} 404 application/problem+json"]);
  });

  it("rejects every other answer", () => {
    expect(says({ text: '{"id":1}' })).toThrow("does not fit");
    expect(says({ text: '{"id":"1","more":1}' })).toThrow("does not fit");
    expect(says({ status: 500 })).toThrow("not documented");
    expect(says({ status: 204, headers: {} })).toThrow("has a body");
    expect(says({ headers: { "content-type": "application/json" } })).toThrow("ETag is missing");
    expect(says({ headers: { ...headers, etag: "1" } })).toThrow("does not fit");
    expect(says({ headers: { ...headers, "content-type": "text/html" } })).toThrow("not documented");
    expect(says({ headers: { ...headers, "x-powered-by": "us" } })).toThrow("x-powered-by");
  });

  it("demands 404 for unknown paths and 405 for unknown methods", () => {
    expect(says({ path: "/gateway/nothing", status: 404 }, refused)).not.toThrow();
    expect(says({ path: "/gateway/nothing", status: 200 }, refused)).toThrow("must be 404");
    expect(says({ method: "PUT", status: 405 }, refused)).not.toThrow();
    expect(says({ method: "PUT", status: 404 }, refused)).toThrow("must be 405");
    expect(says({ method: "PUT", status: 405, headers: { ...refused.headers, allow: "" } }, refused)).toThrow("Allow");
  });
});
