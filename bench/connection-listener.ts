import { setTimeout as sleep } from "node:timers/promises";
import { EventSource } from "eventsource";
import type { TestNetwork } from "../test/contracts/connections/test-network.ts";
import type { BenchGateway } from "./gateway.ts";

/** Event of the stream, as far as the bench reads it. */
export type StreamedEvent = Record<string, unknown> & {
  readonly type: string;
  readonly object?: { readonly body?: string };
};

/** Stores accounts of a network, to be kept online, from the `from`-th on. */
export async function put(
  { port, key }: BenchGateway,
  network: TestNetwork,
  from: number,
  many: number,
): Promise<void> {
  const answers = await Promise.all(
    Array.from({ length: many }, (_, at) =>
      fetch(`http://127.0.0.1:${port}/gateway/accounts`, {
        method: "PUT",
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
        body: JSON.stringify({ platform: network.platform.id, ...network.account(from + at), online: true }),
      }),
    ),
  );
  for (const answer of answers) if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}

/** Listener that keeps all events of an app with the time of reading. */
export interface Listener {
  readonly until: (fits: (all: readonly StreamedEvent[]) => boolean, ms: number) => Promise<void>;
  readonly onHeard: (tell: (event: StreamedEvent, at: number) => void) => void;
  readonly close: () => void;
}

/** Follows the app's stream. */
export async function listen({ port, key }: BenchGateway): Promise<Listener> {
  const all: StreamedEvent[] = [];
  const tellers: Array<(event: StreamedEvent, at: number) => void> = [];
  const source = new EventSource(`http://127.0.0.1:${port}/gateway/events`, {
    fetch: (url, init) => fetch(url, { ...init, headers: { ...init.headers, Authorization: `Bearer ${key}` } }),
  });
  source.onmessage = ({ data }) => {
    const at = performance.now();
    const event = JSON.parse(data) as StreamedEvent;
    all.push(event);
    for (const tell of tellers) tell(event, at);
  };
  await new Promise((resolve) => source.addEventListener("ready", resolve));
  return {
    until: async (fits, ms) => {
      for (const ends = Date.now() + ms; !fits(all); await sleep(20)) {
        if (Date.now() > ends)
          throw new Error(
            `what was awaited did not come; ${all.length} events did, last ${JSON.stringify(all.at(-1))}`,
          );
      }
    },
    onHeard: (tell) => void tellers.push(tell),
    close: () => source.close(),
  };
}
