import { type Heard, type ProbeTarget, readResponse } from "./probe-request.ts";

/** Result of a check. A cure only where something is wrong. */
export interface Finding {
  readonly text: string;
  readonly cause?: string;
  readonly cure?: string;
}

export interface Probed extends ProbeTarget {
  /** BASE_PATH of the gateway; empty for none. */
  readonly base: string;
  readonly site?: string;
  readonly key?: string;
}

const SOCKET = {
  Connection: "Upgrade",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  Upgrade: "websocket",
};
const H2C = { Connection: "Upgrade, HTTP2-Settings", Upgrade: "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__" };

/** Checks one address of a site, the first faults first. Without the gateway behind it the rest would tell nothing. */
export async function* findings(probed: Probed): AsyncGenerator<Finding> {
  const health = await healthFinding(probed);
  if (health === undefined) return;
  yield health;
  if (health.cure !== undefined) return;
  for (const check of [metrics, upgrades, sockets, encodedSlashes, caches, streams, redirects, frontPage]) {
    const finding = await check(probed);
    if (finding !== undefined) yield finding;
  }
}

/** Undefined where the name has no IPv6 address: no visitor comes that way. */
async function healthFinding(probed: Probed): Promise<Finding | undefined> {
  const { status, text, error } = await readResponse(probed, `${probed.base}/healthz`);
  if (error === "ENOTFOUND" && probed.family === 6) return undefined;
  if (status === 200 && /"status"\s*:\s*"ok"/.test(text)) return { text: "the gateway answers" };
  if (error !== undefined)
    return {
      text: `no answer (${error})`,
      cause: "nothing listens at this address and port, or a firewall drops it",
      cure: "let the proxy listen here too: IPv4 and IPv6 (--listen 80 [::]:80, --bind :80 :::80)",
    };
  if (status === 502 || status === 503 || status === 504)
    return {
      text: `the proxy answers ${status}`,
      cause: "it cannot reach the gateway",
      cure: "start the gateway, or correct --gateway; behind a chroot use TCP, not a unix socket",
    };
  return {
    text: `${probed.base}/healthz is answered ${status}, not by the gateway`,
    cause:
      "another server answers for this name at this address, or the rule for the gateway's path is missing or comes too late",
    cure: "look who listens (ss -ltnp), give --name and IPv6 as well, include the gateway's part before the site's own rewrites",
  };
}

async function metrics(probed: Probed): Promise<Finding | undefined> {
  const { status } = await readResponse(probed, `${probed.base}/metrics`);
  if (status !== 200) return { text: "metrics are not public" };
  return {
    text: "metrics are public",
    cause: "the proxy does not say that it forwards, so that the gateway takes visitors for this machine",
    cure: "set X-Forwarded-For in the proxy, as the shipped files do, and ADMIN_LISTEN for the metrics",
  };
}

async function upgrades(probed: Probed): Promise<Finding | undefined> {
  const { status } = await readResponse(probed, "/", H2C);
  if (status !== 101) return { text: "only WebSocket upgrades pass" };
  return {
    text: "an h2c upgrade passes",
    cause: "the proxy hands every Upgrade on, and the server behind takes h2c: a tunnel past all rules",
    cure: "hand on Upgrade for websocket only, as the shipped files do",
  };
}

async function sockets(probed: Probed): Promise<Finding | undefined> {
  const answer = await readResponse(probed, `${probed.base}/socket`, SOCKET);
  if (answer.status === 401 && isProblem(answer)) return { text: "WebSockets reach the gateway" };
  return {
    text: `a WebSocket's handshake is answered ${answer.status}`,
    cause: "the proxy does not hand on Upgrade and Connection, or speaks HTTP/1.0",
    cure: "take the shipped files, or set both headers and HTTP/1.1 for the gateway's path",
  };
}

async function encodedSlashes(probed: Probed): Promise<Finding | undefined> {
  const answer = await readResponse(probed, `${probed.base}/activities/a%2Fb`);
  if (isProblem(answer)) return undefined;
  return {
    text: `ids with a slash (%2F) are answered ${answer.status} by the proxy`,
    cause: "it refuses or decodes encoded slashes",
    cure: "Apache: mapping=encoded as in gateway-front.conf; nginx: proxy_pass without a path",
  };
}

async function caches(probed: Probed): Promise<Finding | undefined> {
  const path = `${probed.base}/activities/none`;
  await readResponse(probed, path);
  const { headers } = await readResponse(probed, path);
  const hit = headers.age !== undefined || /hit/i.test(`${headers["x-cache"] ?? ""}${headers["x-cache-status"] ?? ""}`);
  if (!hit && headers["cache-control"]?.includes("no-store") === true)
    return { text: "no cache keeps private answers" };
  return {
    text: "a private answer comes from a cache, or may be kept",
    cause: "the proxy caches the gateway's path, or changes Cache-Control",
    cure: "no proxy_cache, expires or cache rules for the gateway's path",
  };
}

async function streams(probed: Probed): Promise<Finding | undefined> {
  if (probed.key === undefined) return undefined;
  const headers = { Accept: "text/event-stream", Authorization: `Bearer ${probed.key}`, "Accept-Encoding": "gzip" };
  const { status, text, headers: got, error } = await readResponse(probed, `${probed.base}/events`, headers, true);
  if (status === 401)
    return { text: "DRAGOMAN_KEY is refused", cause: "not a key of this gateway", cure: "set another" };
  if (status === 200 && text !== "" && got["content-encoding"] === undefined) return { text: "streams come at once" };
  return {
    text: `an event stream shows nothing (${error ?? `status ${status}`})`,
    cause: "a proxy buffers or compresses it",
    cure: "nginx: proxy_buffering off and gzip off; HAProxy: option http-no-delay; a CDN: no caching for this path",
  };
}

async function redirects(probed: Probed): Promise<Finding | undefined> {
  if (probed.url.protocol !== "https:" || probed.url.port !== "") return undefined;
  const plain = new URL(`http://${probed.url.host}`);
  const { status, headers } = await readResponse({ url: plain, family: probed.family }, `${probed.base}/healthz`);
  if (status === 0 || (status >= 300 && status < 400 && headers.location?.startsWith("https:") === true))
    return { text: "nothing is served in clear" };
  return {
    text: `plain HTTP is answered ${status}`,
    cause: "port 80 is not led to TLS",
    cure: "redirect it, as the shipped files do: keys and cookies would go in clear",
  };
}

async function frontPage(probed: Probed): Promise<Finding | undefined> {
  if (probed.site === undefined || probed.site.startsWith("unix:")) return undefined;
  const own = new URL(`http://${probed.site}`);
  const direct = await readResponse({ url: own, family: own.hostname.startsWith("[") ? 6 : 4 }, "/", {
    Host: probed.url.host,
    "X-Forwarded-Proto": probed.url.protocol.replace(":", ""),
  });
  const through = await readResponse(probed, "/");
  if (direct.status === through.status)
    return { text: `the site's front page answers ${through.status}, as its own server does` };
  return {
    text: `the site's front page answers ${through.status}, its own server ${direct.status || direct.error}`,
    cause: "the proxy leads to another site or server",
    cure: "correct --site and --name",
  };
}

function isProblem({ headers }: Heard): boolean {
  return headers["content-type"]?.startsWith("application/problem+json") === true;
}
