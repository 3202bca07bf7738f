import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { freePort } from "./free-port.ts";

const HELPER = fileURLToPath(new URL("./free-port.ts", import.meta.url));

/** Ports of one process. Two processes without agreement would choose about ten ports of 16,000 both. */
const SHARE = 400;

/** Starts a process that reserves ports, prints them, and ends with its input. */
function reserver(count: number) {
  const script = `
    import { freePort } from ${JSON.stringify(HELPER)};
    const ports = [];
    for (let n = 0; n < ${count}; n++) ports.push(await freePort());
    console.log(JSON.stringify(ports));
    process.stdin.resume();
  `;
  return spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}

it("freePort gives no port to two processes at once", async () => {
  const children = [reserver(SHARE), reserver(SHARE)];
  const lists = await Promise.all(
    children.map(async ({ stdout }) => {
      const [line] = (await once(createInterface(stdout), "line")) as [string];
      return JSON.parse(line) as number[];
    }),
  );
  expect(new Set(lists.flat()).size).toBe(2 * SHARE);
  for (const child of children) child.stdin.end();
  await Promise.all(children.map((child) => once(child, "exit")));
});

it("freePort gives a port that a server can use", async () => {
  const port = await freePort();
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  server.close();
});
