/** Event of an app's log with its cursor, as JSON. Controls such as `gap` have the same form. */
export type LoggedEvent = Readonly<Record<string, unknown>> & { readonly type: string };

export type Fields = Readonly<Record<string, unknown>>;

/** Returns the members of a JSON object; none of other values. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** Returns a text that is not empty; undefined for other values. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
