/** While one lives, the stream brings all that comes for a query. */
export interface Carrier {
  /** Unix ms. */
  readonly since: number;
  /** Aborts when it ends. */
  readonly ended: AbortSignal;
}

/** Which queries the stream carries: those whose rule X took, while bytes come. */
export interface Carriers {
  readonly of: (query: string) => Carrier | undefined;
  readonly live: (isLive: boolean) => void;
  readonly ruled: (queries: ReadonlySet<string>) => void;
}

/** See `Carriers`; none at first. */
export function carriers(): Carriers {
  const all = new Map<string, Carrier & { readonly end: () => void }>();
  let isLive = false;
  let rules: ReadonlySet<string> = new Set();

  function settle(): void {
    for (const [query, { end }] of all) {
      if (isLive && rules.has(query)) continue;
      all.delete(query);
      end();
    }
    if (!isLive) return;
    for (const query of rules) if (!all.has(query)) all.set(query, begun());
  }
  return {
    of: (query) => all.get(query),
    live: (now) => {
      if (isLive === now) return;
      isLive = now;
      settle();
    },
    ruled: (queries) => {
      rules = queries;
      settle();
    },
  };
}

function begun() {
  const ending = new AbortController();
  return { since: Date.now(), ended: ending.signal, end: () => ending.abort() };
}
