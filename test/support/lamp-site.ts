import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Request as a page of the simulated site received it. */
export interface Mirror {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** Simulates Apache with PHP. `/` is a page; every other path mirrors the request. */
export async function lampSite() {
  const server = createServer(async (req, res) => {
    if (req.url === "/") {
      res.setHeader("Content-Type", "text/html; charset=utf-8");
      res.end(PAGE);
      return;
    }
    let body = "";
    for await (const part of req) body += part;
    res.setHeader("Content-Type", "application/json");
    res.end(JSON.stringify({ method: req.method, path: req.url, headers: req.headers, body }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const PAGE = "<!doctype html><title>Shop</title><p>Grüße aus dem Laden</p>\n";
