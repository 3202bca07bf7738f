import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { ask, sentenceOf } from "../api.ts";

/** Answer of a request while a page shows it. */
export interface Loaded<Answer> {
  readonly answer: Answer | undefined;
  readonly error: string | undefined;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/** Loads a resource, again whenever its path changes. A change of path drops the former answer. */
export function useLoaded<Answer>(path: string | undefined, everyMs?: number): Loaded<Answer> {
  const [loaded, setLoaded] = useState<{ path?: string; answer?: Answer; error?: string }>({});
  const [turn, setTurn] = useState(0);
  // A new turn loads the same path again.
  useEffect(() => {
    if (path === undefined) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      try {
        setLoaded({ path, answer: await ask<Answer>(path, { signal: abort.signal }) });
      } catch (error) {
        if (abort.signal.aborted) return;
        setLoaded((before) => ({ ...(before.path === path ? before : { path }), error: sentenceOf(error) }));
      }
      if (everyMs !== undefined && !abort.signal.aborted) timer = setTimeout(load, everyMs);
    };
    void load();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs, turn]);
  const reload = useCallback(() => setTurn((before) => before + 1), []);
  const current = loaded.path === path ? loaded : {};
  const { answer, error } = current;
  return { answer, error, isLoading: answer === undefined && error === undefined, reload };
}

/** Shows an error, a note while loading, or the answer. */
export function Showing<Answer>({
  loaded,
  children,
}: {
  readonly loaded: Loaded<Answer>;
  readonly children: (answer: Answer) => ComponentChildren;
}) {
  return (
    <>
      {loaded.error !== undefined && <Wrong>{loaded.error}</Wrong>}
      {loaded.isLoading && <p class="soft">Loading …</p>}
      {loaded.answer !== undefined && children(loaded.answer)}
    </>
  );
}

/** Sentence about a failure. */
export function Wrong({ children }: { readonly children: ComponentChildren }) {
  return (
    <p class="wrong" role="alert">
      {children}
    </p>
  );
}
