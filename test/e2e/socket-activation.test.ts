import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { builtEntry, firstKey } from "../support/gateway-process.ts";
import { proxyRequest } from "../support/proxy-client.ts";
import { testRedis } from "../support/redis.ts";

/**
 * Simulates systemd. Keeps the listening socket, starts the gateway with the socket, and restarts the gateway after its
 * end. Ends with the test process, together with the gateway.
 */
const SUPERVISOR = `
trap 'kill -TERM $child; wait $child; exit' TERM
( read -r line <&4; kill -TERM $$ ) &
while :; do
  sh -c 'echo "pid $$"; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 4<&-' sh "$@" &
  child=$!
  wait $child || sleep 1
done
`;

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Output line by line; `outputMatching` resolves with the next matching line. */
function supervised(env: NodeJS.ProcessEnv, socket: Server) {
  const { fd } = (socket as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const args = ["-c", SUPERVISOR, "supervisor", process.execPath, builtEntry(), "serve"];
  const child: ChildProcess = spawn("/bin/sh", args, { env, stdio: ["ignore", "pipe", "ignore", fd, "pipe"] });
  const lines = createInterface({ input: child.stdout as Readable });
  closers.push(async () => {
    (child.stdio[4] as Writable).end();
    if (child.exitCode === null) await once(child, "exit");
  });
  return {
    outputMatching: (pattern: RegExp) =>
      new Promise<string>((resolve) => {
        const hear = (line: string): void => {
          const found = pattern.exec(line);
          if (found === null) return;
          lines.off("line", hear);
          resolve(found[1] ?? "");
        };
        lines.on("line", hear);
      }),
  };
}

test("a restart of the only node refuses no connection when the supervisor keeps the socket", {
  timeout: 90_000,
}, async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "dgm-kept-"));
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  const redis = await testRedis();
  closers.push(redis.stop);
  const socket = createServer().listen(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address() as AddressInfo;
  const { PATH } = process.env;
  const env = {
    PATH,
    DATA_DIR: dataDir,
    REDIS_URL: redis.url,
    PLATFORMS: "+dummy",
    SANDBOX: "off",
    GRACE_SECONDS: "0",
  };
  const gateway = supervised(env, socket);
  // Only the supervisor holds the socket now.
  socket.close();
  const pid = Number(await gateway.outputMatching(/^pid (\d+)$/));
  expect(await gateway.outputMatching(/^Dragoman listens on (\S+)/)).toBe(`http://127.0.0.1:${port}/gateway`);

  const edge = { port, host: `127.0.0.1:${port}`, key: await firstKey(dataDir) };
  const statuses: number[] = [];
  let over = false;
  const visitors = Array.from({ length: 4 }, async (_, visitor) => {
    for (let n = 0; !over; n++) {
      const activity = { platform: "dummy", verb: "echo", actor: { address: "bob" }, target: { address: "foo" } };
      const body = JSON.stringify({ ...activity, rid: `v${visitor}-${n}`, object: { n } });
      statuses.push((await proxyRequest(edge, "/gateway/activities", { method: "POST", body })).status);
    }
  });
  const [again] = [gateway.outputMatching(/^Dragoman (listens) on/)];
  process.kill(pid, "SIGTERM");
  await again;
  const before = statuses.length;
  while (statuses.length < before + 20) await new Promise((resolve) => setImmediate(resolve));
  over = true;
  await Promise.all(visitors);
  expect([...new Set(statuses)]).toEqual([202]);
});
