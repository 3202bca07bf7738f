import { useEffect, useMemo, useState } from "preact/hooks";

/** Place in the console: the address's fragment as path segments and a query. */
export interface Route {
  readonly page: string;
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

/** Returns the current place and follows its changes. */
export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = (): void => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return useMemo(() => routeOf(hash), [hash]);
}

/** Reads a fragment such as `#/history/rid-1?status=failed`. */
export function routeOf(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [page = "", ...rest] = path.split("/").map(decoded);
  return { page: page === "" ? "overview" : page, rest, query: new URLSearchParams(query) };
}

/** Returns the fragment of a place. */
export function linkTo(page: string, ...rest: readonly string[]): string {
  return `#/${[page, ...rest].map(encodeURIComponent).join("/")}`;
}

/** Returns the fragment of a page with a query; empty values are left out. */
export function linkWith(page: string, query: Readonly<Record<string, string>>): string {
  const entries = Object.entries(query).filter(([, value]) => value !== "");
  return entries.length === 0 ? linkTo(page) : `${linkTo(page)}?${new URLSearchParams(entries)}`;
}

/** Opens a place. */
export function goTo(fragment: string): void {
  location.hash = fragment;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
