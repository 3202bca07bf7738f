/** X's description of an error. X uses problems (RFC 9457) and, in older parts of the API, numbers. */
export interface Problem {
  /** Last part of the type's address, e.g. `client-forbidden`; empty: none. */
  readonly type: string;
  /** Number of an older error; 0: none. */
  readonly code: number;
  /** Title, detail and message together; never shown, since they may repeat what was sent. */
  readonly text: string;
}

/** Reads the problem in an answer of X, whatever its form. */
export function problemIn(body: unknown): Problem {
  const top = recordOf(body);
  const list = Array.isArray(top.errors) ? top.errors : [];
  const errors = [top, ...list.slice(0, 10).map(recordOf)];
  const types = errors.map(({ type }) => /\/problems\/([a-z-]{1,60})$/.exec(String(type ?? ""))?.[1] ?? "");
  const reason = /^[a-z-]{1,60}$/.test(String(top.reason ?? "")) ? String(top.reason) : "";
  const code = errors.map((error) => error.code).find((value) => value !== undefined);
  return {
    type: reason || (types.find((type) => type !== "") ?? ""),
    code: typeof code === "number" && Number.isInteger(code) && code > 0 && code < 100_000 ? code : 0,
    text: errors
      .flatMap(({ title, detail, message }) => [title, detail, message])
      .filter((text) => typeof text === "string")
      .join(" ")
      .slice(0, 4_000),
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
