/** Signal of a time limit; `end` removes its timer and listener. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  readonly end: () => void;
}

/** Creates a signal that aborts after `ms`, or with `outer`. Unlike `AbortSignal.timeout` it can be ended early. */
export function timeLimit(ms: number, outer: AbortSignal): TimeLimit {
  const controller = new AbortController();
  const onOuter = (): void => controller.abort(outer.reason);
  const timer = setTimeout(() => controller.abort(new Error("the attempt took too long")), ms);
  if (outer.aborted) onOuter();
  else outer.addEventListener("abort", onOuter, { once: true });
  const end = (): void => {
    clearTimeout(timer);
    outer.removeEventListener("abort", onOuter);
  };
  return { signal: controller.signal, end };
}
