// Sends one mail over a WebSocket and prints what becomes of it. Survives restarts of the gateway and broken lines.
//
//   DRAGOMAN_KEY=dgm_... node examples/websocket/client.mjs foo@example.com "Hello World!"
//
// Add --stay to go on listening. DRAGOMAN_URL says where the gateway is (default http://127.0.0.1:8000/gateway).
// Node 22 and browsers have WebSocket built in; for Node 20 `ws` stands in.
import { randomUUID } from "node:crypto";

const url = process.env.DRAGOMAN_URL ?? "http://127.0.0.1:8000/gateway";
const key = process.env.DRAGOMAN_KEY;
const [to = "foo@example.com", body = "Hello World!"] = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const stay = process.argv.includes("--stay");
const WebSocket = globalThis.WebSocket ?? (await import("ws")).default;

const activity = {
  rid: randomUUID(),
  platform: "email",
  verb: "send",
  actor: { address: "bob@example.com" },
  target: { address: to },
  object: { subject: "Hi", body },
};

let confirmed = false;
let cursor;
let wait = 500;

/** A browser's WebSocket can't send headers, so the key buys a one-time ticket for the address. */
async function ticket() {
  const response = await fetch(`${url}/tokens`, {
    method: "POST",
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: JSON.stringify({ ticket: true, scope: "listen send" }),
  });
  const answer = await response.json();
  if (response.ok) return answer.token;
  throw Object.assign(new Error(answer.detail), { final: response.status < 429 });
}

async function connect() {
  const query = new URLSearchParams({ ticket: await ticket(), ...(cursor ? { after: cursor } : {}) });
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/socket?${query}`);
  // Sending it again after a break is safe: the gateway carries out an rid once.
  socket.onopen = () => {
    wait = 500;
    if (!confirmed) socket.send(JSON.stringify(activity));
  };
  socket.onmessage = ({ data }) => received(JSON.parse(data), socket);
  socket.onerror = () => {};
  // 44xx: the same credentials will not do. Everything else passes: come back and go on after the last cursor.
  socket.onclose = ({ code, reason }) => {
    if (code === 1000) return;
    if (code >= 4400 && code < 4500) fail(`Closed for good: ${code} ${reason}`);
    again(`closed with ${code} ${reason}`);
  };
}

function received(message, socket) {
  console.log(JSON.stringify(message));
  if (message.cursor !== undefined) cursor = message.cursor;
  if (message.rid !== activity.rid) return;
  if (message.type === "confirm") confirmed = true;
  if (message.type === "refused") fail(message.problem.detail);
  if (message.type === "result" && !stay) socket.close(1000);
}

function again(why) {
  console.error(`${why}; coming back in ${wait} ms`);
  setTimeout(start, wait);
  wait = Math.min(wait * 2, 30_000);
}

function fail(why) {
  console.error(why);
  process.exit(1);
}

function start() {
  connect().catch((error) => (error.final ? fail(error.message) : again(error.message)));
}

if (!key) fail("Set DRAGOMAN_KEY to an API key, such as the one in data/first-app.key");
start();
