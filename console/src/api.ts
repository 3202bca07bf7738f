/** Refused request: the problem document of the gateway (RFC 9457). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly errors: ReadonlyArray<{ readonly pointer: string; readonly detail: string }>;

  constructor(status: number, document: Partial<ProblemDocument>) {
    super(document.detail ?? document.title ?? `The gateway answered ${status}.`);
    this.name = "ApiError";
    this.status = status;
    this.code = document.code ?? "";
    this.errors = document.errors ?? [];
  }
}

interface ProblemDocument {
  readonly title: string;
  readonly detail: string;
  readonly code: string;
  readonly errors: ReadonlyArray<{ readonly pointer: string; readonly detail: string }>;
}

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Address of the console's API, relative to its page. */
export const API = new URL("api", new URL(".", location.href)).pathname;
/** Address of the gateway with its base path. */
export const GATEWAY = new URL("..", new URL(".", location.href)).href.replace(/\/$/, "");

/** Event of the window: the session has ended. */
export const SIGNED_OUT = "dragoman-signed-out";

/** Asks the console's API. Throws `ApiError` for refusals, `TypeError` when the gateway cannot be reached. */
export async function ask<Answer>(path: string, options: RequestOptions = {}): Promise<Answer> {
  const { method = "GET", body, signal } = options;
  const answer = await fetch(API + path, {
    method,
    ...(signal === undefined ? {} : { signal }),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
  });
  const text = await answer.text();
  const value: unknown = text === "" ? undefined : parsed(text);
  if (answer.status === 401) dispatchEvent(new Event(SIGNED_OUT));
  if (!answer.ok) throw new ApiError(answer.status, (value ?? {}) as Partial<ProblemDocument>);
  return value as Answer;
}

/** Returns the path of an app's resource. */
export function ofApp(app: string, path: string): string {
  return `/apps/${app}${path}`;
}

/** Returns an error as a sentence for the user. */
export function sentenceOf(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  return "The gateway cannot be reached.";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
