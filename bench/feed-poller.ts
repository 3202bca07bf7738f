import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { egress } from "../src/egress/egress.ts";
import { inboundRecorder } from "../src/inbound/record-inbound.ts";
import { silentLog } from "../src/model/log.ts";
import { feeds } from "../src/platforms/feeds/platform.ts";
import { redisTopics } from "../src/polling/redis-topics.ts";
import { pollWorker } from "../workers/poll.ts";

// Runs the polling part of the worker role: topics in Redis, the poll worker, the egress guard and the feeds platform.

const [url = "", origin = "", count = "0", seconds = "0"] = process.argv.slice(2);
const redis = new Redis(url);
const topics = redisTopics({ redis });
const guard = egress({ allowPrivate: ["127.0.0.0/8"] });
const follow = (platform: string, path: string) =>
  topics.subscribe({ app: "bench", platform, actor: "reader" }, `${origin}${path}`, true);
type Platform = ReturnType<typeof feeds>;

/** Starts a poll worker for one platform and counts finished polls. */
function polling(id: string, platform: Platform) {
  const count = { done: 0, failed: 0 };
  const counted: Platform = {
    ...platform,
    id,
    poll: async (topic, context) => {
      try {
        if (!platform.poll) throw new Error("Feeds are polled");
        return await platform.poll(topic, context);
      } catch (error) {
        count.failed += 1;
        throw error;
      } finally {
        count.done += 1;
      }
    },
  };
  const arrive = inboundRecorder({ redis, eventsKept: 1_000 });
  const find = (platformId: string) => (platformId === id ? counted : undefined);
  return { count, ...pollWorker({ topics, record: arrive, egress: guard, find, log: silentLog, intervalMs: 100 }) };
}

// Due again at once, so that the maximum rate is measured.
const small = polling("small", feeds({ feedInterval: { minMs: 1, maxMs: 1 } }));
for (let n = 0; n < Number(count); n++) await follow("small", `/feed/${n}`);
while (small.count.done < Number(count) * 2) await sleep(20);
const [started, cpu, before] = [performance.now(), process.cpuUsage(), small.count.done];
await sleep(Number(seconds) * 1_000);
const elapsed = (performance.now() - started) / 1_000;
const used = process.cpuUsage(cpu);
const conditional = small.count.done - before;
await small.stop();

// First the event loop delay of an idle machine, then the documents that are hard to parse.
const watch = monitorEventLoopDelay({ resolution: 5 });
watch.enable();
await sleep(5_000);
watch.disable();
const alone = watch.max / 1e6;
const hard = polling("hard", feeds({}));
await follow("hard", "/entries?first");
while (hard.count.done < 1) await sleep(20);
watch.reset();
watch.enable();
// CPU time of the main thread between two turns of the event loop. Other load of the machine does not count.
const atWork = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
let [last, longest] = [atWork(), 0];
const turns = setInterval(() => {
  const now = atWork();
  longest = Math.max(longest, now - last);
  last = now;
}, 1);
const paths = ["/entries", "/deep", "/brackets", "/attributes", "/ampersands"].flatMap((path) =>
  [1, 2, 3].map((n) => `${path}?${n}`),
);
for (const path of paths) await follow("hard", path);
while (hard.count.done <= paths.length) await sleep(20);
watch.disable();
clearInterval(turns);
const { done, failed } = hard.count;
process.send?.({
  perSecond: conditional / elapsed,
  cpuSeconds: (used.user + used.system) / 1e6 / conditional,
  alone,
  delay: watch.max / 1e6,
  longest,
  p99: watch.percentile(99) / 1e6,
  done,
  failed,
});
await hard.stop();
await guard.close();
redis.disconnect();
process.exit();
