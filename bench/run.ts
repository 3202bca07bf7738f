import { activities } from "./activities.ts";
import { type Figure, table } from "./figures.ts";

const benches: Record<string, { readonly title: string; readonly run: () => Promise<readonly Figure[]> }> = {
  activities: { title: "Accept, lane, worker, event, stream (AOF always, dummy platform)", run: () => activities() },
};

const wanted = process.argv.slice(2);
for (const [name, { title, run }] of Object.entries(benches)) {
  if (wanted.length === 0 || wanted.includes(name)) console.log(`${table(title, await run())}\n`);
}
