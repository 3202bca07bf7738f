import type { ConnectionParts } from "../connection-parts.ts";
import type { Online, State } from "../connection-state.ts";

/** Publishes `online` and gives the client to work until the connection or the account changes. */
export async function stayOnline(
  { access, evidence, login, publisher }: ConnectionParts,
  { account, link, client }: Online,
): Promise<State> {
  const onlineSince = performance.now();
  try {
    await publisher.publish(account, "online");
    login.accepted();
    await evidence.forget();
    access.set({ kind: "online", client });
    await link.closed;
    return { name: "disconnecting", account, link, onlineSince };
  } finally {
    access.set({ kind: "connecting" });
    await link.attempt.disconnect();
  }
}
