import Type from "typebox";
import { Failure } from "../../../model/failure.ts";
import { validationErrors } from "../../../model/validate.ts";
import { STREAM } from "../client/app.ts";
import { Includes, XPost } from "../client/response-schemas.ts";
import { unreadable } from "../errors.ts";

const Streamed = Type.Object({
  data: XPost,
  includes: Type.Optional(Includes),
  matching_rules: Type.Optional(Type.Array(Type.Object({ tag: Type.Optional(Type.String()) }))),
});

/** A post of the filtered stream. */
export interface Streamed {
  readonly post: XPost;
  readonly includes: Includes | undefined;
  /** Of the rules that it was found by, of whichever account. */
  readonly tags: ReadonlySet<string>;
}

/**
 * Reads a line of the filtered stream; undefined for one without a post that we understand. Throws what ends the stream:
 * a line that is no JSON, and X's word that it disconnects.
 */
export function streamedIn(line: string): Streamed | undefined {
  const said = parsed(line);
  if (validationErrors(Streamed, said).length === 0) {
    const { data: post, includes, matching_rules: rules = [] } = said as Type.Static<typeof Streamed>;
    return { post, includes, tags: new Set(rules.flatMap(({ tag }) => tag ?? [])) };
  }
  const isEnd = typeof said === "object" && said !== null && "errors" in said && !("data" in said);
  if (isEnd) throw ended("X ends the stream.", "HTTP 200 errors");
  return undefined;
}

/** For a line that no post can be as long as. */
export const tooLong = (): Failure => ended("X's stream makes no sense.", "HTTP 200 line-too-long");

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    throw unreadable(`GET ${STREAM}`, 200);
  }
}

function ended(detail: string, platformCode: string): Failure {
  return new Failure({ kind: "retryable", code: "platform-unavailable", detail, platformCode });
}
