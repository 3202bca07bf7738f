/** Status as a coloured word; the word itself tells the status. */
export function Status({ status }: { readonly status: string }) {
  return (
    <span class="chip" data-tone={TONES[status] ?? "info"}>
      {status}
    </span>
  );
}

const TONES: Readonly<Record<string, string>> = {
  sent: "good",
  delivered: "good",
  read: "good",
  online: "good",
  active: "good",
  accepted: "good",
  failed: "bad",
  expired: "bad",
  unknown: "bad",
  partial: "bad",
  disabled: "bad",
  skipped: "bad",
  "needs-login": "bad",
  restricted: "bad",
  deferred: "wait",
  queued: "wait",
  scheduled: "wait",
  sending: "wait",
  connecting: "wait",
  offline: "wait",
};

/** Point in time, in the reader's zone. */
export function Time({ at }: { readonly at: string | undefined }) {
  if (at === undefined) return null;
  return (
    <time dateTime={at} title={at}>
      {new Date(at).toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" })}
    </time>
  );
}

/** Error of an event or account. */
export interface ErrorNote {
  readonly code: string;
  readonly detail: string;
  readonly retryable?: boolean;
  readonly platformCode?: string;
}

/** Reason why something failed. */
export function Reason({ error }: { readonly error: ErrorNote | undefined }) {
  if (error === undefined) return null;
  return (
    <p class="reason">
      <code>{error.code}</code> {error.detail}
      {error.platformCode !== undefined && <span class="soft"> ({error.platformCode})</span>}
    </p>
  );
}

/** Any value as indented JSON. It stays text: nothing of it is markup. */
export function Json({ value, label }: { readonly value: unknown; readonly label: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reachable by keyboard.
    <section class="json" tabIndex={0} aria-label={label}>
      <pre>{JSON.stringify(value, null, 2)}</pre>
    </section>
  );
}
