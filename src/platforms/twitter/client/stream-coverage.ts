/** Period in which the stream delivers all posts of a query. */
export interface Coverage {
  /** Unix ms. */
  readonly since: number;
  /** Aborts when the coverage ends. */
  readonly ended: AbortSignal;
}

/** Queries that the stream covers: those whose rule X accepted, while bytes arrive. */
export interface StreamCoverage {
  readonly of: (query: string) => Coverage | undefined;
  readonly setLive: (isLive: boolean) => void;
  /** Sets the queries whose rules X accepted. */
  readonly setQueries: (queries: ReadonlySet<string>) => void;
}

/** Creates a coverage without queries. */
export function streamCoverage(): StreamCoverage {
  const covered = new Map<string, Coverage & { readonly end: () => void }>();
  let isLive = false;
  let accepted: ReadonlySet<string> = new Set();

  function update(): void {
    for (const [query, { end }] of covered) {
      if (isLive && accepted.has(query)) continue;
      covered.delete(query);
      end();
    }
    if (!isLive) return;
    for (const query of accepted) if (!covered.has(query)) covered.set(query, beginCoverage());
  }
  return {
    of: (query) => covered.get(query),
    setLive: (nowLive) => {
      if (isLive === nowLive) return;
      isLive = nowLive;
      update();
    },
    setQueries: (queries) => {
      accepted = queries;
      update();
    },
  };
}

function beginCoverage() {
  const ending = new AbortController();
  return { since: Date.now(), ended: ending.signal, end: () => ending.abort() };
}
