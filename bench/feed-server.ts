import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

// Separate process, so that the cost of serving is not counted as polling: small feeds with strong ETags under /feed/,
// and documents that are hard to parse. Sends its port by IPC and ends with its parent.
const items = Array.from({ length: 20 }, (_, n) => `<item><guid>${n}</guid><title>Item ${n}</title></item>`).join("");
const small = `<rss version="2.0"><channel><title>Small</title>${items}</channel></rss>`;
const etag = `"${createHash("sha256").update(small).digest("hex").slice(0, 16)}"`;
const many = Array.from(
  { length: 20_000 },
  (_, n) => `<item><guid>${n}</guid><title>Item ${n}</title><description>${"word ".repeat(20)}</description></item>`,
);
const documents: Readonly<Record<string, string>> = {
  "/entries": `<rss version="2.0"><channel><title>Many</title>${many.join("")}</channel></rss>`,
  "/deep": `<rss version="2.0"><channel><item>${"<a>".repeat(200_000)}</item></channel></rss>`,
  "/brackets": `<rss version="2.0"><channel><item><title>${"<".repeat(2_000_000)}</title></item></channel></rss>`,
  "/attributes": `<rss version="2.0"><channel><item ${Array.from({ length: 300_000 }, (_, n) => `a${n}="1"`).join(" ")}/></channel></rss>`,
  "/ampersands": `<rss version="2.0"><channel><item><description>${"&".repeat(4_000_000)}</description></item></channel></rss>`,
};

const server = createServer((request, response) => {
  const document = documents[request.url?.split("?")[0] ?? ""];
  if (document !== undefined) return response.writeHead(200, { "Content-Type": "application/rss+xml" }).end(document);
  if (request.headers["if-none-match"] === etag) return response.writeHead(304, { ETag: etag }).end();
  return response.writeHead(200, { "Content-Type": "application/rss+xml", ETag: etag }).end(small);
});
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once("disconnect", () => process.exit());
