import { operation, type Paths } from "../operation.ts";
import type { SchemaSerializer } from "../plain.ts";
import { json } from "../responses.ts";

/** For those who run the gateway. Health also answers at the root, whatever the base path. */
export function operatingPaths(serializer: SchemaSerializer): Paths {
  const readiness = serializer.ref("Readiness");
  return {
    "/healthz": {
      get: operation(serializer, {
        id: "getHealth",
        tag: "Operating",
        summary: "Check liveness",
        answers: { "200": json("The process runs.", serializer.ref("Health")) },
      }),
    },
    "/readyz": {
      get: operation(serializer, {
        id: "getReadiness",
        tag: "Operating",
        summary: "Check readiness",
        description: "Also reports the guarantees of the gateway's Redis.",
        answers: {
          "200": json("Send it.", readiness),
          "503": json("Draining, or without Redis: route requests to other nodes.", readiness),
        },
      }),
    },
    "/metrics": {
      get: operation(serializer, {
        id: "getMetrics",
        tag: "Operating",
        summary: "Get metrics",
        description:
          "On ADMIN_LISTEN; without that setting only for direct peers on loopback without a proxy, else 404.",
        answers: {
          "200": { description: "Prometheus' text format.", content: { "text/plain": { schema: { type: "string" } } } },
        },
        problems: ["not-found"],
      }),
    },
  };
}
