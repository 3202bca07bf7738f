import { useEffect, useState } from "preact/hooks";
import { ask, sentenceOf } from "../api.ts";
import { type Figures, sumOf } from "./figures.ts";

const EVERY_MS = 2_000;
/** Two minutes. */
const MAX_POINTS = 60;

export interface FiguresOverTime {
  readonly figures: Figures | undefined;
  readonly rates: { readonly accepted: readonly number[]; readonly results: readonly number[] };
  readonly error: string | undefined;
}

/** Asks for the figures again and again, and derives rates per second from their differences. */
export function useFigures(): FiguresOverTime {
  const [state, setState] = useState<FiguresOverTime>({
    figures: undefined,
    rates: { accepted: [], results: [] },
    error: undefined,
  });
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      try {
        const figures = await ask<Figures>("/overview", { signal: abort.signal });
        setState((before) => ({ figures, rates: ratesOf(before, figures), error: undefined }));
      } catch (error) {
        if (abort.signal.aborted) return;
        setState((before) => ({ ...before, error: sentenceOf(error) }));
      }
      if (!abort.signal.aborted) timer = setTimeout(load, EVERY_MS);
    };
    void load();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, []);
  return state;
}

function ratesOf({ figures: before, rates }: FiguresOverTime, now: Figures): FiguresOverTime["rates"] {
  if (before === undefined || now.time <= before.time) return rates;
  const rate = (name: string): number => {
    // A restarted process counts from zero again.
    const difference = Math.max(0, sumOf(now.metrics, name) - sumOf(before.metrics, name));
    return (difference * 1_000) / (now.time - before.time);
  };
  return {
    accepted: [...rates.accepted, rate("dragoman_activities_accepted_total")].slice(-MAX_POINTS),
    results: [...rates.results, rate("dragoman_results_total")].slice(-MAX_POINTS),
  };
}
