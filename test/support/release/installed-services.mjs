// Runs in a system where the Debian package is installed, by the package's own Node.js: starts the units as systemd would,
// sends the first mail and prints what came of it as JSON. Ends with its process namespace, and all that it started with it.
import { spawn } from "node:child_process";
import { chownSync, copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const LINES = /\r\n/;

/** Takes one mail on port 25, as the package's default settings expect. */
function mailSink() {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      let [text, isData] = ["", false];
      socket.write("220 sink\r\n");
      socket.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
        if (isData && text.includes("\r\n.\r\n")) {
          socket.write("250 taken\r\n");
          resolve(text);
          isData = false;
          text = "";
        }
        while (!isData && LINES.test(text)) {
          const [line, ...rest] = text.split(LINES);
          text = rest.join("\r\n");
          isData = /^DATA/i.test(line);
          socket.write(isData ? "354 go on\r\n" : /^QUIT/i.test(line) ? "221 bye\r\n" : "250 ok\r\n");
        }
      });
    });
    server.listen(25, "127.0.0.1");
  });
}

/** Starts a unit's program with its user, environment, credentials and folders. */
function startUnit(name) {
  const unit = readFileSync(`/lib/systemd/system/${name}.service`, "utf8");
  const all = (key) => [...unit.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map(([, value]) => value);
  const [uid, gid] = idsOf(all("User")[0]);
  const credentials = `/run/credentials/${name}`;
  const folders = [
    ...all("RuntimeDirectory").map((path) => `/run/${path}`),
    ...all("StateDirectory").map((path) => `/var/lib/${path}`),
  ];
  for (const folder of [...folders, credentials]) {
    mkdirSync(folder, { recursive: true });
    chownSync(folder, uid, gid);
  }
  for (const [target, source] of all("LoadCredential").map((value) => value.split(":"))) {
    copyFileSync(source, `${credentials}/${target}`);
    chownSync(`${credentials}/${target}`, uid, gid);
  }
  const files = all("EnvironmentFile").map((path) => readFileSync(path, "utf8"));
  const pairs = [
    ...all("Environment").flatMap((line) => line.split(" ")),
    ...files.flatMap((text) => text.split("\n")),
  ];
  const env = Object.fromEntries(
    pairs
      .filter((pair) => /^\w+=/.test(pair))
      .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
  for (const key of Object.keys(env)) env[key] = env[key].replaceAll("%d", credentials);
  const [program, ...args] = all("ExecStart")[0].split(" ");
  const cwd = all("WorkingDirectory")[0] ?? "/";
  const child = spawn(program, args, {
    uid,
    gid,
    cwd,
    env: { PATH: "/usr/bin:/bin", ...env },
    stdio: ["ignore", 2, 2],
  });
  child.once("exit", (code, signal) => {
    console.error(`${name} ended: ${code ?? signal}`);
    process.exit(1);
  });
}

function idsOf(user) {
  const [, uid, gid] = new RegExp(`^${user}:[^:]*:(\\d+):(\\d+):`, "m").exec(readFileSync("/etc/passwd", "utf8"));
  return [Number(uid), Number(gid)];
}

/** Waits until an address answers. */
async function answering(url) {
  for (;;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(50);
  }
}

const mail = mailSink();
for (const name of ["dragoman-redis", "dragoman-api", "dragoman-worker"]) startUnit(name);
await answering("http://127.0.0.1:8000/healthz");
await answering("http://127.0.0.1:8001/healthz");
const key = readFileSync("/var/lib/dragoman/first-app.key", "utf8").trim();
const answer = await fetch("http://127.0.0.1:8000/gateway/activities", {
  method: "POST",
  headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Prefer: "wait=30" },
  body: JSON.stringify({
    platform: "email",
    verb: "send",
    actor: { address: "bob@example.com" },
    target: { address: "foo@example.com" },
    object: { subject: "Hi", body: "Hello World!" },
  }),
});
console.log(JSON.stringify({ status: answer.status, result: await answer.json(), mail: await mail }));
process.exit(0);
