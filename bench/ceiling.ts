import { createServer } from "node:http";
import { Queue, Worker } from "bullmq";
import express, { type Response } from "express";
import { Redis } from "ioredis";
import { type WebSocket, WebSocketServer } from "ws";

// The least that takes a POST or a message, stores it, has another process carry it out and reports the result: Express,
// BullMQ and a Redis channel, without authentication, idempotency, order, events kept or take-over of ours. The benches
// run it beside the gateway, so that ratios tell the gateway's own cost on any machine.
//
//   node --import tsx bench/ceiling.ts api|worker SOCKET

interface Job {
  readonly rid: string;
}

const [role, socket = ""] = process.argv.slice(2);
const connect = (): Redis => new Redis(socket, { maxRetriesPerRequest: null });

if (role === "worker") startWorker();
else startApi();

function startWorker(): void {
  const redis = connect();
  const worker = new Worker<Job>(
    "bare",
    async ({ data }) => {
      await redis.publish("results", JSON.stringify({ type: "result", rid: data.rid, status: "sent" }));
    },
    { connection: connect(), concurrency: 100, removeOnComplete: { count: 0 } },
  );
  void worker.waitUntilReady().then(() => console.log("worker ready"));
}

function startApi(): void {
  const queue = new Queue<Job>("bare", { connection: connect(), defaultJobOptions: { removeOnComplete: true } });
  const streams = new Set<Response>();
  const sockets = new Set<WebSocket>();
  const subscriber = connect();
  subscriber.on("message", (_channel, text: string) => {
    for (const stream of streams) stream.write(`event: result\ndata: ${text}\n\n`);
    for (const ws of sockets) ws.send(text);
  });
  const app = express();
  app.post("/gateway/activities", express.json(), async (req, res) => {
    await queue.add("activity", req.body);
    res.status(202).json({ rid: req.body.rid });
  });
  app.get("/gateway/events", (_req, res) => {
    res.type("text/event-stream").write("event: ready\ndata: {}\n\n");
    streams.add(res);
  });
  const server = createServer(app);
  new WebSocketServer({ server, path: "/gateway/socket" }).on("connection", (ws) => {
    sockets.add(ws);
    ws.on("message", (text) => void queue.add("activity", JSON.parse(String(text)) as Job));
  });
  void subscriber.subscribe("results").then(() =>
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      console.log(`listens on 127.0.0.1:${typeof address === "object" ? address?.port : ""}`);
    }),
  );
}
