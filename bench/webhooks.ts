import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Figure, median } from "./figures.ts";
import { benchGateway } from "./gateway.ts";

const AHEAD = 100;
const DEAD = 5;

/** Delivers waiting events of many conversations to one local receiver. The receiver's cost is part of the figure. */
export async function hooks(rounds = 3, count = 4_000): Promise<Figure[]> {
  const receiver = await counter();
  const dead = await counter(false);
  const gateway = await benchGateway({ ALLOW_PRIVATE: "127.0.0.0/8" });
  const call = async (method: string, path: string, body: unknown) => {
    const headers = { Authorization: `Bearer ${gateway.key}`, "Content-Type": "application/json" };
    const answer = await fetch(`http://127.0.0.1:${gateway.port}/gateway${path}`, {
      method,
      headers,
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  };
  try {
    for (let at = 0; at < count; at += AHEAD) {
      await call(
        "POST",
        "/activities",
        Array.from({ length: AHEAD }, (_, i) => echo(at + i)),
      );
    }
    const put = () => call("PUT", "/hooks/bench", { url: receiver.url, types: ["result"], from: "earliest" });
    await put();
    await receiver.reached(count);
    const measured = async () => {
      receiver.restart();
      await call("POST", "/hooks/bench/replay", { after: "earliest" });
      await receiver.reached(1);
      const [started, before] = [performance.now(), gateway.cpu().worker];
      await receiver.reached(count);
      const seconds = (performance.now() - started) / 1_000;
      return { perSecond: count / seconds, cpu: ((gateway.cpu().worker - before) * 1e6) / count };
    };
    const runs = [];
    for (let round = 0; round < rounds; round++) runs.push(await measured());
    for (let i = 0; i < DEAD; i++) await call("PUT", `/hooks/dead${i}`, { url: `${dead.url}${i}`, from: "earliest" });
    await dead.reached(DEAD);
    const beside = [];
    for (let round = 0; round < rounds; round++) beside.push(await measured());
    return [
      {
        name: "webhook deliveries to one local receiver",
        value: median(runs.map(({ perSecond }) => perSecond)),
        unit: "/s",
        must: { min: 500 },
      },
      {
        name: `  beside ${DEAD} receivers that never answer`,
        value: median(beside.map(({ perSecond }) => perSecond)),
        unit: "/s",
        must: { min: 500 },
      },
      { name: "  CPU per delivery, worker", value: median(runs.map(({ cpu }) => cpu)), unit: "us" },
      { name: "  CPU per delivery, worker, beside those", value: median(beside.map(({ cpu }) => cpu)), unit: "us" },
    ];
  } finally {
    await gateway.stop();
    receiver.stop();
    dead.stop();
  }
}

function echo(i: number): object {
  const target = { address: `user${i % 200}` };
  return {
    rid: `hook-${i}`,
    platform: "dummy",
    verb: "echo",
    actor: { address: "alice" },
    target,
    object: { body: "Hi" },
  };
}

/** A receiver that counts each id and path once, and answers unless told otherwise. */
async function counter(answers = true) {
  let seen = new Set<string>();
  let check = () => {};
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      seen.add(answers ? String(request.headers["webhook-id"]) : String(request.url));
      if (answers) response.writeHead(204).end();
      check();
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    restart: () => {
      seen = new Set();
    },
    reached: (count: number) =>
      new Promise<void>((done) => {
        check = () => {
          if (seen.size >= count) done();
        };
        check();
      }),
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
