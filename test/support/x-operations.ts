/**
 * Operations of X's API that the platform uses. Each has path, parameters, body, OAuth 2 scopes and answer. A test
 * compares them with X's own document.
 */
export interface XOperation {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly scopes: readonly string[];
  /** Names of the query; those that must be there end in `!`. */
  readonly query?: readonly string[];
  /** Fields of the body, in the same way. */
  readonly body?: readonly string[];
  readonly status: 200 | 201;
  /** Fields of `data` or of each item of `data`. */
  readonly data: readonly string[];
}

const READ = ["tweet.read", "users.read"];
const POSTS = ["post.fields", "expansions", "user.fields", "media.fields", "max_results", "pagination_token"];
const SINCE = ["since_id", "until_id"];
const DMS = [
  "dm_event.fields",
  "event_types",
  "expansions",
  "user.fields",
  "media.fields",
  "max_results",
  "pagination_token",
];
const MESSAGE = ["id"];

export const X_OPERATIONS: readonly XOperation[] = [
  fact("GET", "/2/users/me", READ, { query: ["user.fields"], data: ["id"] }),
  fact("GET", "/2/users/{id}", READ, { query: ["user.fields"], data: ["id"] }),
  fact("GET", "/2/users/by/username/{username}", READ, { query: ["user.fields"], data: ["id"] }),
  fact("GET", "/2/users/search", READ, { query: ["query!", "max_results", "user.fields"], data: ["id"] }),
  fact("POST", "/2/tweets", [...READ, "tweet.write"], {
    body: ["text", "media", "reply", "quote_tweet_id"],
    status: 201,
    data: ["id", "text"],
  }),
  fact("DELETE", "/2/tweets/{id}", [...READ, "tweet.write"], { data: ["deleted"] }),
  fact("POST", "/2/users/{id}/retweets", [...READ, "tweet.write"], {
    body: ["tweet_id!"],
    data: ["retweeted", "rest_id"],
  }),
  fact("DELETE", "/2/users/{id}/retweets/{source_tweet_id}", [...READ, "tweet.write"], { data: ["retweeted"] }),
  fact("POST", "/2/users/{id}/likes", [...READ, "like.write"], { body: ["tweet_id!"], data: ["liked"] }),
  fact("DELETE", "/2/users/{id}/likes/{tweet_id}", [...READ, "like.write"], { data: ["liked"] }),
  fact("POST", "/2/users/{id}/following", [...READ, "follows.write"], {
    body: ["target_user_id!"],
    data: ["following", "pending_follow"],
  }),
  fact("DELETE", "/2/users/{source_user_id}/following/{target_user_id}", [...READ, "follows.write"], {
    data: ["following"],
  }),
  fact("GET", "/2/users/{id}/mentions", READ, { query: [...POSTS, ...SINCE], data: ["id", "text"] }),
  fact("GET", "/2/users/{id}/tweets", READ, { query: [...POSTS, ...SINCE], data: ["id", "text"] }),
  fact("GET", "/2/users/{id}/timelines/reverse_chronological", READ, {
    query: [...POSTS, ...SINCE],
    data: ["id", "text"],
  }),
  fact("GET", "/2/tweets/search/recent", READ, { query: ["query!", ...POSTS, ...SINCE], data: ["id", "text"] }),
  fact("GET", "/2/dm_events", [...READ, "dm.read"], { query: DMS, data: MESSAGE }),
  fact("GET", "/2/dm_conversations/with/{participant_id}/dm_events", [...READ, "dm.read"], {
    query: DMS,
    data: MESSAGE,
  }),
  fact("GET", "/2/dm_conversations/{id}/dm_events", [...READ, "dm.read"], { query: DMS, data: MESSAGE }),
  fact("POST", "/2/dm_conversations/with/{participant_id}/messages", [...READ, "dm.write"], {
    body: ["text", "attachments"],
    status: 201,
    data: ["dm_conversation_id", "dm_event_id"],
  }),
  fact("POST", "/2/dm_conversations/{dm_conversation_id}/messages", [...READ, "dm.write"], {
    body: ["text", "attachments"],
    status: 201,
    data: ["dm_conversation_id", "dm_event_id"],
  }),
  fact("DELETE", "/2/dm_events/{event_id}", ["dm.read", "dm.write"], { data: ["deleted"] }),
  // Used with the app's own token, which has no scopes.
  fact("GET", "/2/tweets/search/stream", [], {
    query: ["tweet.fields", "expansions", "user.fields", "media.fields"],
    data: ["id", "text"],
  }),
  fact("GET", "/2/tweets/search/stream/rules", [], {
    query: ["max_results", "pagination_token"],
    data: ["id", "value", "tag"],
  }),
  fact("POST", "/2/tweets/search/stream/rules", [], { body: ["add", "delete"], data: ["id", "value", "tag"] }),
  fact("POST", "/2/media/upload/initialize", ["media.write"], {
    body: ["media_type", "total_bytes", "media_category"],
    data: ["id"],
  }),
  fact("POST", "/2/media/upload/{id}/append", ["media.write"], { body: ["media!", "segment_index!"], data: [] }),
  fact("POST", "/2/media/upload/{id}/finalize", ["media.write"], { data: ["id"] }),
  fact("GET", "/2/media/upload", ["media.write"], { query: ["media_id!", "command"], data: ["id"] }),
];

function fact(
  method: XOperation["method"],
  path: string,
  scopes: readonly string[],
  more: Pick<XOperation, "data"> & Partial<Pick<XOperation, "query" | "body" | "status">>,
): XOperation {
  return { method, path, scopes, status: 200, ...more };
}

/** Finds the operation of a request and the values of the path's placeholders. */
export function operationFor(
  method: string,
  pathname: string,
): { readonly fact: XOperation; readonly ids: readonly string[] } | undefined {
  for (const fact of X_OPERATIONS) {
    const found = new RegExp(`^${fact.path.replace(/\{[a-z_]+\}/g, "([^/]+)")}$`).exec(pathname);
    // `with`, `me`, `by` and the like are words of the paths, never ids.
    if (
      fact.method === method &&
      found &&
      !found.slice(1).some((id) => /^[a-z]+$/.test(id) && !fact.path.includes("username"))
    ) {
      return { fact, ids: found.slice(1).map(decodeURIComponent) };
    }
  }
  return undefined;
}

/** Lists the errors of a request by its operation; X answers such requests with 400. */
export function requestErrors(
  fact: XOperation,
  query: URLSearchParams,
  body: Readonly<Record<string, unknown>>,
): readonly string[] {
  const check = (names: readonly string[], known: readonly string[] = []) => [
    ...names
      .filter((name) => !known.some((parameter) => parameter.replace("!", "") === name))
      .map((name) => `${name} is not known`),
    ...known
      .filter((parameter) => parameter.endsWith("!") && !names.includes(parameter.slice(0, -1)))
      .map((parameter) => `${parameter} is missing`),
  ];
  return [...check([...query.keys()], fact.query), ...check(Object.keys(body), fact.body)];
}
