import Type from "typebox";
import { Failure } from "../../../model/failure.ts";
import { validationErrors } from "../../../model/validate.ts";
import { unreadableAnswer } from "../errors.ts";
import { STREAM } from "./app.ts";
import { Includes, XPost } from "./response-schemas.ts";

const StreamLine = Type.Object({
  data: XPost,
  includes: Type.Optional(Includes),
  matching_rules: Type.Optional(Type.Array(Type.Object({ tag: Type.Optional(Type.String()) }))),
});

/** A post of the filtered stream. */
export interface StreamedPost {
  readonly post: XPost;
  readonly includes: Includes | undefined;
  /** Tags of the matching rules, of whichever account. */
  readonly tags: ReadonlySet<string>;
}

/**
 * Parses a line of the filtered stream; undefined for a line without a readable post. Throws where the stream ends: at a
 * line that is not JSON, and at X's notice that it disconnects.
 */
export function parseStreamLine(line: string): StreamedPost | undefined {
  const value = parseJson(line);
  if (validationErrors(StreamLine, value).length === 0) {
    const { data: post, includes, matching_rules: rules = [] } = value as Type.Static<typeof StreamLine>;
    return { post, includes, tags: new Set(rules.flatMap(({ tag }) => tag ?? [])) };
  }
  const isEnd = typeof value === "object" && value !== null && "errors" in value && !("data" in value);
  if (isEnd) throw streamEnded("X ends the stream.", "HTTP 200 errors");
  return undefined;
}

/** Returns the failure for a line longer than any post. */
export const lineTooLong = (): Failure => streamEnded("X's stream can't be read.", "HTTP 200 line-too-long");

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    throw unreadableAnswer(`GET ${STREAM}`, 200);
  }
}

function streamEnded(detail: string, platformCode: string): Failure {
  return new Failure({ kind: "retryable", code: "platform-unavailable", detail, platformCode });
}
