import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Network between the gateway's processes and Redis, with faults on demand. */
export interface RedisLink {
  /** REDIS_URL of the gateway's processes. */
  readonly url: string;
  /** Delays every chunk by so many milliseconds in each direction; 0 ends that. */
  readonly slowDown: (ms: number) => void;
  /** Cuts all connections. */
  readonly cut: () => void;
  /** Refuses new connections, or takes them again. */
  readonly refuse: (isRefusing: boolean) => void;
  readonly close: () => Promise<void>;
}

/** Starts a proxy on loopback before Redis' unix socket. */
export async function redisLink(socketPath: string): Promise<RedisLink> {
  const sockets = new Set<Socket>();
  let delayMs = 0;
  let isRefusing = false;

  /** Passes chunks on in order, each after the delay of the moment it came. */
  function pass(from: Socket, to: Socket): void {
    let isPassing = false;
    const waiting: Array<{ readonly chunk: Buffer; readonly at: number }> = [];
    async function passOn(): Promise<void> {
      isPassing = true;
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await sleep(Math.max(0, next.at - performance.now()));
        if (to.writable) to.write(next.chunk);
      }
      isPassing = false;
    }
    from.on("data", (chunk: Buffer) => {
      if (delayMs === 0 && !isPassing) return to.write(chunk);
      waiting.push({ chunk, at: performance.now() + delayMs });
      if (!isPassing) void passOn();
    });
    from.on("error", () => undefined).on("close", () => to.destroy());
  }

  const server = createServer({ noDelay: true }, (client) => {
    if (isRefusing) return client.destroy();
    const redis = connect(socketPath);
    for (const socket of [client, redis]) {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    }
    pass(client, redis);
    pass(redis, client);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };

  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    slowDown: (ms) => {
      delayMs = ms;
    },
    cut,
    refuse: (refuses) => {
      isRefusing = refuses;
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
