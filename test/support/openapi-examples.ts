import type { OpenAPIV3_1 } from "openapi-types";

/** Returns the activities among the examples of a path's POST; lists are left out. */
export function examplesOf(document: OpenAPIV3_1.Document, path: string): readonly unknown[] {
  const body = document.paths?.[path]?.post?.requestBody as OpenAPIV3_1.RequestBodyObject;
  const examples = Object.values(body.content["application/json"]?.examples ?? {});
  return examples
    .map((example) => (example as OpenAPIV3_1.ExampleObject).value)
    .filter((value) => !Array.isArray(value));
}
