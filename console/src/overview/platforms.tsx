import { Table } from "../parts/table.tsx";
import { linkWith } from "../route.ts";
import { type Figures, seriesOf } from "./figures.ts";

const STATUSES = ["sent", "failed", "partial", "expired", "unknown", "cancelled"] as const;

/** Table of results by platform. */
export function Platforms({ figures }: { readonly figures: Figures }) {
  const counts = new Map<string, Map<string, number>>();
  for (const { labels, value } of seriesOf(figures.metrics, "dragoman_results_total")) {
    const platform = String(labels.platform);
    const row = counts.get(platform) ?? new Map<string, number>();
    row.set(String(labels.status), (row.get(String(labels.status)) ?? 0) + value);
    counts.set(platform, row);
  }
  const platforms = [...counts].sort(([a], [b]) => a.localeCompare(b));
  return (
    <section>
      <h2>Results by platform</h2>
      {platforms.length === 0 ? (
        <p class="soft">None yet.</p>
      ) : (
        <Table label="Results by platform: table" columns={["Platform"]} numbers={STATUSES}>
          {platforms.map(([platform, row]) => (
            <tr key={platform}>
              <th scope="row">
                <a href={linkWith("history", { platform })}>{platform}</a>
              </th>
              {STATUSES.map((status) => (
                <td key={status} class="number">
                  {(row.get(status) ?? 0).toLocaleString()}
                </td>
              ))}
            </tr>
          ))}
        </Table>
      )}
    </section>
  );
}
