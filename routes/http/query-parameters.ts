import { Problem } from "./problem.ts";

/** Maximum number of values of one parameter. */
const MAX_VALUES = 50;

/** Returns the parameters in a request's address. */
export function parametersOf(url = ""): URLSearchParams {
  return new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?") + 1) : "");
}

/** Returns the values of a parameter that may be repeated; undefined when absent. Throws `Problem` `bad-parameter`. */
export function repeatedParameter(
  params: URLSearchParams,
  name: string,
  takes: string,
  fits: (value: string) => boolean,
) {
  const all = params.getAll(name);
  if (all.length === 0) return undefined;
  if (all.length > MAX_VALUES || !all.every((value) => value !== "" && fits(value))) {
    throw badParameter(name, `takes ${takes}; it may be repeated up to ${MAX_VALUES} times`);
  }
  return all;
}

/** Returns the value of a parameter that may be given once. Undefined when absent or empty. Throws `Problem` `bad-parameter`. */
export function singleParameter(params: URLSearchParams, name: string): string | undefined {
  const all = params.getAll(name);
  if (all.length > 1) throw badParameter(name, "may be given once");
  return all[0] === "" ? undefined : all[0];
}

/** Refuses parameters that a path does not know. A misspelt filter would list everything. Throws `Problem` `bad-parameter`. */
export function refuseUnknown(params: URLSearchParams, known: readonly string[]): void {
  for (const name of params.keys()) {
    if (known.includes(name)) continue;
    const detail = known.length === 0 ? "This path takes no parameters." : `This path takes ${known.join(", ")}.`;
    throw new Problem("bad-parameter", detail, isPlain(name) ? { errors: [{ pointer: `/${name}`, detail }] } : {});
  }
}

/** Returns the problem of a parameter. */
export function badParameter(name: string, detail: string): Problem {
  return new Problem("bad-parameter", `The parameter ${name} ${detail}.`, {
    errors: [{ pointer: `/${name}`, detail }],
  });
}

function isPlain(name: string): boolean {
  return /^[A-Za-z0-9_-]{1,32}$/.test(name);
}
