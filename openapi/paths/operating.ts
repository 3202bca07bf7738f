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
        answers: { "200": json("It does.", serializer.ref("Health")) },
      }),
    },
    "/readyz": {
      get: operation(serializer, {
        id: "getReadiness",
        tag: "Operating",
        summary: "Check readiness",
        description: "Also says what the gateway's Redis really guarantees.",
        answers: {
          "200": json("Send it.", readiness),
          "503": json("Draining, or without Redis: send it elsewhere.", readiness),
        },
      }),
    },
    "/metrics": {
      get: operation(serializer, {
        id: "getMetrics",
        tag: "Operating",
        summary: "Get metrics",
        description:
          "On ADMIN_LISTEN; without it only for a direct peer on loopback that came through no proxy, else 404.",
        answers: {
          "200": { description: "Prometheus' text format.", content: { "text/plain": { schema: { type: "string" } } } },
        },
        problems: ["not-found"],
      }),
    },
  };
}
