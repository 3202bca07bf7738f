import { Reason, Status, Time } from "../parts/text.tsx";
import type { TimelineStep } from "./activity.ts";

const TITLES: Readonly<Record<string, string>> = {
  accepted: "Accepted",
  deferred: "An attempt did not succeed; it is repeated",
  sending: "Handed to the network",
  result: "Ended",
  receipt: "The network reports",
};

/** Steps of an activity's way, oldest first. */
export function Timeline({ steps }: { readonly steps: readonly TimelineStep[] }) {
  return (
    <ol class="timeline">
      {steps.map(({ step, at, status, attempts, retryAt, error, target }, index) => (
        <li key={index}>
          <Time at={at} /> · {TITLES[step] ?? step} <Status status={status} />
          {attempts !== undefined && attempts > 0 && (
            <span class="soft"> after {attempts === 1 ? "1 attempt" : `${attempts} attempts`}</span>
          )}
          {retryAt !== undefined && (
            <span>
              {" "}
              · next attempt <Time at={retryAt} />
            </span>
          )}
          {target !== undefined && <span class="soft"> for {target.join(", ")}</span>}
          <Reason error={error} />
        </li>
      ))}
    </ol>
  );
}
