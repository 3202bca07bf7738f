// Simulated worker process: sends its parent the messages of a real worker, and behaves as its argument says.
import { metrics } from "../../src/process/metrics.ts";
import { parentLink } from "../../src/process/parent-link.ts";

const [manner = "works"] = process.argv.slice(2);
const counted = metrics("worker");
counted.results.inc({ platform: "dummy", status: "sent" }, 3);
const link = parentLink({ metrics: counted.snapshot, onGone: () => process.exit(0) });
process.on("SIGTERM", () => {
  if (manner !== "deaf") process.exit(0);
});
if (manner === "dies") process.exit(3);
link.ready();
setInterval(() => undefined, 1_000);
