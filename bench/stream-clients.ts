import { connect } from "node:net";

/** Process of listeners on bare sockets, controlled by IPC. See bench/streams.ts. */
interface Order {
  readonly port: number;
  readonly key: string;
  readonly count: number;
  /** Number of events per listener; the times are sent back when all have arrived. */
  readonly events: number;
}

/** Opens `count` streams of one app, some at once. Measures the age of each event at reading. */
async function listen({ port, key, count, events }: Order): Promise<void> {
  const ages: number[] = [];
  let open = 0;
  let next = 0;
  const request = `GET /gateway/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${key}\r\n\r\n`;
  const openStream = (): void => {
    next++;
    let ready = false;
    let rest = "";
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(request));
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      rest += text;
      if (!ready && rest.includes("event: ready")) {
        ready = true;
        open++;
        if (next < count) openStream();
        if (open === count) process.send?.({ open });
      }
      const stamp = /"stamp":"(\d+)"/.exec(rest);
      if (rest.endsWith("\n\n\r\n")) rest = "";
      if (!stamp) return;
      ages.push(Number(process.hrtime.bigint() - BigInt(stamp[1] as string)) / 1e6);
      if (ages.length === count * events) process.send?.({ ages });
      else if (ages.length % count === 0) process.send?.({ round: ages.length / count });
    });
    socket.on("error", (error) => process.send?.({ failed: error.message }));
  };
  for (let i = 0; i < Math.min(100, count); i++) openStream();
}

process.on("message", (order: Order) => void listen(order));
