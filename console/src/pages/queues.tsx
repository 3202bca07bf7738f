import type { QueueState } from "../../../src/outbox/lane-queues.ts";
import { Showing, useLoaded } from "../parts/loading.tsx";
import { Table } from "../parts/table.tsx";

const COLUMNS = ["waiting", "active", "delayed", "failed"] as const;

/** Jobs that wake workers, by queue. */
export function Queues() {
  const loaded = useLoaded<{ readonly queues: readonly QueueState[] }>("/queues", 3_000);
  return (
    <>
      <h1>Queues</h1>
      <p class="soft">
        Jobs of BullMQ that wake workers. An active job is a worker that carries out conversations; activities
        themselves wait in the outbox.
      </p>
      <Showing loaded={loaded}>
        {({ queues }) => (
          <Table label="Queues" columns={["Queue"]} numbers={COLUMNS}>
            {queues.map((queue) => (
              <tr key={queue.name}>
                <th scope="row">
                  {queue.name}
                  {queue.reasons.map((reason) => (
                    <p class="reason" key={reason}>
                      {reason}
                    </p>
                  ))}
                </th>
                {COLUMNS.map((column) => (
                  <td key={column} class="number">
                    {queue[column].toLocaleString()}
                  </td>
                ))}
              </tr>
            ))}
          </Table>
        )}
      </Showing>
    </>
  );
}
