import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** The network between a browser and the gateway, which can break. */
export interface Link {
  readonly origin: string;
  /** Open streams and sockets of pages. */
  readonly streams: () => number;
  /** Breaks all connections and refuses new ones until `mend`. */
  readonly cut: () => void;
  readonly mend: () => void;
  /** Holds back the responses of event streams, as a buffering proxy does. */
  readonly connectionContext: (yes: boolean) => void;
  readonly stop: () => Promise<void>;
}

export async function link(gateway: string): Promise<Link> {
  const { port, hostname } = new URL(gateway);
  const open = new Set<Socket>();
  const streams = new Set<Socket>();
  let whole = true;
  let isHeld = false;
  const server = createServer((page) => {
    if (!whole) {
      page.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    let stuck = false;
    for (const [from, other] of [
      [page, far],
      [far, page],
    ] as const) {
      open.add(from);
      from.on("error", () => other.destroy());
      from.on("close", () => {
        open.delete(from);
        streams.delete(from);
        other.destroy();
      });
    }
    page.on("data", (data) => {
      const head = data.toString("latin1");
      const sse = head.startsWith("GET /gateway/events") && head.includes("text/event-stream");
      if (sse || head.startsWith("GET /gateway/socket")) streams.add(page);
      stuck = isHeld && sse;
      far.write(data);
    });
    far.on("data", (data) => {
      if (!stuck) page.write(data);
    });
  });
  const cut = () => {
    whole = false;
    for (const socket of open) socket.destroy();
  };
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    streams: () => streams.size,
    cut,
    mend: () => {
      whole = true;
    },
    connectionContext: (yes) => {
      isHeld = yes;
    },
    stop: () => {
      cut();
      return new Promise((done) => server.close(() => done()));
    },
  };
}
