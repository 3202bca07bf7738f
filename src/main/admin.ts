import { createServer } from "node:http";
import type { HealthDeps } from "../../routes/operator/health.ts";
import { adminApp, type MetricsDeps } from "../../routes/operator/metrics.ts";
import type { Log } from "../model/log.ts";
import { closeServer, listen, parseAdminAddress } from "../process/listener.ts";

export interface AdminDeps {
  /** ADMIN_LISTEN; empty: no listener. */
  readonly listenAt: string;
  readonly health: HealthDeps;
  readonly counted: MetricsDeps;
  readonly log: Log;
}

/** Starts the listener for health and metrics, of an API or of a separate worker. */
export async function startAdmin(deps: AdminDeps): Promise<{ readonly close: () => Promise<void> }> {
  if (deps.listenAt === "") return { close: async () => {} };
  const endpoint = parseAdminAddress(deps.listenAt);
  const server = createServer(adminApp({ ...deps.health, ...deps.counted }));
  const address = await listen(server, endpoint.host, endpoint.port);
  deps.log.info({ address }, "admin listener started");
  return { close: () => closeServer(server, 0) };
}
