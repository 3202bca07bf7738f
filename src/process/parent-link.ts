import type { MetricsSnapshot } from "./metrics.ts";

/** Message of a worker to the API process that forked it. */
export type ToParent = { readonly kind: "ready" } | { readonly kind: "metrics"; readonly snapshot: MetricsSnapshot };
export type ToChild = { readonly kind: "metrics" };

export interface ParentLink {
  /** False in a process that nobody forked. */
  readonly present: boolean;
  readonly ready: () => void;
}

/**
 * Opens the worker's side of the channel to its parent.
 * Reports readiness, answers requests for metrics, and calls `onGone`
 * when the parent has ended in any way, so that no worker outlives its gateway.
 */
export function parentLink(deps: {
  readonly metrics: () => Promise<MetricsSnapshot>;
  readonly onGone: () => void;
}): ParentLink {
  if (process.send === undefined) return { present: false, ready: () => {} };
  const tell = (message: ToParent): void => {
    // The parent may be gone by now; `disconnect` tells of that.
    if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
  };
  process.on("message", (message: ToChild) => {
    if (message.kind !== "metrics") return;
    deps.metrics().then(
      (snapshot) => tell({ kind: "metrics", snapshot }),
      () => undefined,
    );
  });
  process.once("disconnect", deps.onGone);
  if (!process.connected) deps.onGone();
  return { present: true, ready: () => tell({ kind: "ready" }) };
}
