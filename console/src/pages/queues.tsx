import { Showing, useLoaded } from "../parts/loading.tsx";
import { Scroll } from "../parts/scroll.tsx";

interface Queue {
  readonly name: string;
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly failed: number;
  readonly reasons: readonly string[];
}

const COLUMNS = ["waiting", "active", "delayed", "failed"] as const;

/** Jobs that wake workers, by queue. */
export function Queues() {
  const loaded = useLoaded<{ readonly queues: readonly Queue[] }>("/queues", 3_000);
  return (
    <>
      <h1>Queues</h1>
      <p class="soft">
        Jobs of BullMQ that wake workers. An active job is a worker that carries out conversations; activities
        themselves wait in the outbox.
      </p>
      <Showing loaded={loaded}>
        {({ queues }) => (
          <Scroll label="Queues">
            <table>
              <thead>
                <tr>
                  <th scope="col">Queue</th>
                  {COLUMNS.map((column) => (
                    <th key={column} scope="col" class="number">
                      {column}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
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
              </tbody>
            </table>
          </Scroll>
        )}
      </Showing>
    </>
  );
}
