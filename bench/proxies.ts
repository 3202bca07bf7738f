import { setTimeout } from "node:timers/promises";
import { testApache } from "../test/support/apache.ts";
import { gateway } from "../test/support/gateway.ts";
import { testHaproxy } from "../test/support/haproxy.ts";
import { testNginx } from "../test/support/nginx.ts";
import { openStream, type ProxyTarget, proxyRequest } from "../test/support/proxy-client.ts";
import { type Figure, median, percentile } from "./figures.ts";

const EVENTS = 200;
/** Pause between two POSTs, so that no event flushes the previous from a buffer. */
const PAUSE_MS = 20;
const MAX_P99_MS = 50;
const GZIP = "gzip on; gzip_min_length 1; gzip_types text/event-stream;";

/** Measures the delay that each shipped proxy adds to events. */
export async function proxies(): Promise<readonly Figure[]> {
  const core = await gateway();
  const key = await core.keyOf("bench");
  const { host, port } = new URL(core.url);
  const direct: ProxyTarget = { port: Number(port), host: "shop.example", key };
  const variables = { GATEWAY_ADDR: host };
  const generous = { ...variables, GATEWAY_RATE: "1000r/s", GATEWAY_BURST: "1000" };
  const nginx = await testNginx({ layout: "site-tls", http: GZIP, variables: generous });
  const haproxy = await testHaproxy("uri", variables);
  const apache = await testApache({ layout: "site-front", tls: true, variables });
  const figures: Figure[] = [];
  try {
    const edges: Readonly<Record<string, ProxyTarget>> = {
      "nginx, TLS, site's gzip on": { ...direct, port: nginx.tlsPort, ca: nginx.tls.cert },
      HAProxy: { ...direct, port: haproxy.port },
      "HAProxy, TLS": { ...direct, port: haproxy.tlsPort, ca: haproxy.tls.cert },
      "Apache, TLS, site's gzip on": { ...direct, port: apache.port, ca: apache.tls.cert },
    };
    for (const [name, edge] of Object.entries(edges)) figures.push(...figuresOf(name, await delays(direct, edge)));
  } finally {
    await apache.stop();
    await haproxy.stop();
    await nginx.stop();
    await core.stop();
  }
  return figures;
}

/** Returns the milliseconds between each event's direct arrival and its arrival through the proxy. */
async function delays(direct: ProxyTarget, edge: ProxyTarget): Promise<readonly number[]> {
  const past = await arrivals(direct);
  const through = await arrivals(edge);
  const tag = Math.random().toString(36).slice(2);
  for (let n = 0; n < EVENTS; n++) {
    const rid = `${tag}-${n}`;
    const actor = { address: "alice" };
    const body = { rid, platform: "dummy", verb: "echo", actor, target: { address: "bob" }, object: { body: "Hi" } };
    await proxyRequest(direct, "/gateway/activities", { method: "POST", body: JSON.stringify(body) });
    await Promise.all([past.listener.result(rid), through.listener.result(rid)]);
    await setTimeout(PAUSE_MS);
  }
  for (const { listener } of [past, through]) listener.close();
  const at = past.at();
  return through.at().map((arrived, n) => arrived - (at[n] ?? Number.NaN));
}

async function arrivals(edge: ProxyTarget) {
  const listener = await openStream(edge, "/gateway/events?type=result");
  await listener.until(() => listener.events.length > 0);
  const at = listener.arrivals.length;
  return { listener, at: () => listener.arrivals.slice(at) };
}

function figuresOf(name: string, delays: readonly number[]): readonly Figure[] {
  return [
    { name: `${name}: later by, p50`, value: median(delays), unit: "ms" },
    { name: `${name}: later by, p99`, value: percentile(delays, 0.99), unit: "ms", must: { max: MAX_P99_MS } },
  ];
}
