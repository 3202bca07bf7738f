import type { Connection } from "./interrupt-read.ts";

/** Whether a connection is up, from its own events. One that never was up counts as coming. */
export function connectionHealth(client: Connection, onBack: () => void = () => {}) {
  let healthy = true;
  const onClose = () => {
    healthy = false;
  };
  const onReady = () => {
    const back = !healthy;
    healthy = true;
    if (back) onBack();
  };
  client.on("close", onClose).on("ready", onReady);
  return {
    healthy: () => healthy,
    stop: () => {
      client.off("close", onClose).off("ready", onReady);
    },
  };
}
