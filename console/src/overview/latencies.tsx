import { Table } from "../parts/table.tsx";
import { type Buckets, bucketsOf, countsBy, type Figures, quantile } from "./figures.ts";

/** Table of times to accept and to deliver. */
export function Quantiles({ figures: { metrics } }: { readonly figures: Figures }) {
  const platforms = [...countsBy(metrics, "dragoman_delivery_seconds", "platform").keys()].filter(
    (name) => name !== "",
  );
  const rows: ReadonlyArray<readonly [string, Buckets]> = [
    ["Accepting", bucketsOf(metrics, "dragoman_accept_seconds")],
    ...platforms.map((platform) => {
      const buckets = bucketsOf(metrics, "dragoman_delivery_seconds", { platform });
      return [`Delivering by ${platform}`, buckets] as const;
    }),
  ];
  return (
    <section>
      <h2>Times</h2>
      <Table label="Times: table" columns={["Step"]} numbers={["50 % within", "95 % within", "99 % within"]}>
        {rows.map(([title, buckets]) => (
          <tr key={title}>
            <th scope="row">{title}</th>
            {[0.5, 0.95, 0.99].map((share) => (
              <td key={share} class="number">
                {secondsText(quantile(buckets, share), buckets)}
              </td>
            ))}
          </tr>
        ))}
      </Table>
    </section>
  );
}

function secondsText(seconds: number | undefined, buckets: Buckets): string {
  if (seconds === undefined) return "–";
  if (seconds === Number.POSITIVE_INFINITY) return `over ${unit(buckets.at(-2)?.[0] ?? 0)}`;
  return unit(seconds);
}

function unit(seconds: number): string {
  if (seconds < 1) return `${seconds * 1_000} ms`;
  if (seconds < 60) return `${seconds} s`;
  return `${seconds / 60} min`;
}
