import { Showing, useLoaded } from "../parts/loading.tsx";
import { Table } from "../parts/table.tsx";
import { Reason, Status, Time } from "../parts/text.tsx";
import type { Delivery } from "./hook.ts";

/** Newest attempts of a webhook. */
export function Deliveries({ path }: { readonly path: string }) {
  const loaded = useLoaded<{ readonly deliveries: readonly Delivery[] }>(`${path}/deliveries`, 3_000);
  return (
    <Showing loaded={loaded}>
      {({ deliveries }) =>
        deliveries.length === 0 ? (
          <p class="soft">Nothing was delivered yet.</p>
        ) : (
          <Table label="Deliveries" columns={["When", "Event", "Outcome"]} numbers={["Attempt", "ms"]}>
            {deliveries.map(({ id, at, type, delivered, status, attempt, ms, error }) => (
              <tr key={`${id} ${attempt}`}>
                <td>
                  <Time at={at} />
                </td>
                <td>{type}</td>
                <td>
                  <Status status={delivered ? "delivered" : "failed"} /> {status}
                  <Reason error={error} />
                </td>
                <td class="number">{attempt}</td>
                <td class="number">{ms}</td>
              </tr>
            ))}
          </Table>
        )
      }
    </Showing>
  );
}
