import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Range below the ports that systems choose for connections and servers. */
const FIRST_PORT = 16_000;
const LAST_PORT = 31_999;

/**
 * Reserves a loopback port until this process ends. No other test file receives it meanwhile, so that connections are
 * refused until the caller starts a server there.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1));
    if ((await isReserved(port)) && (await isUnused(port))) return port;
  }
}

/** Reserves the port by its UDP twin. Nothing else uses that, and the system releases it when this process ends. */
async function isReserved(port: number): Promise<boolean> {
  const twin = createSocket("udp4").unref();
  twin.bind({ port, address: "127.0.0.1", exclusive: true });
  try {
    await once(twin, "listening");
    return true;
  } catch (error) {
    twin.close();
    return rethrowUnlessInUse(error);
  }
}

/** Tells whether no server, such as one of an earlier run, listens on the port. */
async function isUnused(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    return rethrowUnlessInUse(error);
  }
  server.close();
  await once(server, "close");
  return true;
}

function rethrowUnlessInUse(error: unknown): false {
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return false;
  throw error;
}

/** Waits until a server listens on the port; rejects after 20 s. */
export async function listening(port: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await answers(port))) {
    if (Date.now() > deadline) throw new Error(`Nothing listens on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
