import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterAll, expect, test } from "vitest";
import { silentLog } from "../../../src/model/log.ts";
import { redisConnections } from "../../../src/redis/connect.ts";
import { redisProcess, until } from "../../support/redis-process.ts";

const closers: Array<() => unknown> = [];
afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

test("a connection survives news of a failover that arrive while it asks a sentinel for the master", async () => {
  const master = await redisProcess();
  closers.push(master.stop);
  const sentinel = await fakeSentinel(master.port);
  const opened = redisConnections(`redis+sentinel://127.0.0.1:${sentinel.port}/main`, { log: silentLog });
  closers.push(opened.close);
  const worker = opened.worker();
  expect(await worker.set("a", "1")).toBe("OK");
  await until(() => sentinel.subscribers.size === 1);

  const before = sentinel.questions();
  await master.client().call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  expect(await worker.get("a")).toBe("1");
  expect(sentinel.questions()).toBeGreaterThan(before);
  await until(() => sentinel.subscribers.size === 1);
});

/** Answers like a sentinel whose master is at `port`. A question for the master makes it tell a failover first. */
async function fakeSentinel(port: number) {
  const subscribers = new Set<Socket>();
  let questions = 0;
  const answerMaster = (socket: Socket): void => {
    questions += 1;
    const answer = (): boolean => socket.write(`*2\r\n$9\r\n127.0.0.1\r\n$${String(port).length}\r\n${port}\r\n`);
    const [subscriber] = subscribers;
    if (subscriber === undefined) return void answer();
    // The client has heard of the failover, or was not interested, when it closes this connection.
    subscriber.once("close", answer);
    subscriber.write("*3\r\n$7\r\nmessage\r\n$14\r\n+switch-master\r\n$4\r\nmain\r\n");
  };
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      for (const words of commands(chunk.toString())) {
        const command = words.slice(0, 2).join(" ").toLowerCase();
        if (command === "sentinel get-master-addr-by-name") answerMaster(socket);
        else if (command === "sentinel sentinels") socket.write("*0\r\n");
        else if (command === "subscribe +switch-master") {
          subscribers.add(socket);
          socket.once("close", () => subscribers.delete(socket));
          socket.write("*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n");
        } else socket.write(command.startsWith("hello") ? "-ERR unknown command 'HELLO'\r\n" : "+OK\r\n");
      }
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  closers.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, subscribers, questions: () => questions };
}

/** Reads the commands of a chunk that holds whole commands. */
function commands(chunk: string): readonly (readonly string[])[] {
  const lines = chunk.split("\r\n");
  const read: string[][] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line.startsWith("*")) read.push([]);
    else if (line.startsWith("$")) read.at(-1)?.push(lines[++at] ?? "");
  }
  return read;
}
