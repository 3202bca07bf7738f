import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Certificate } from "./mail-certificate.ts";

/** Answer of the server; a function writes the response directly. */
export type Answer =
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Uint8Array;
    }
  | ((response: ServerResponse) => void);

/** Starts a web server on a random loopback port; https with a certificate. `requests` lists the requested paths. */
export async function webServer(
  answer: (path: string, headers: Readonly<Record<string, unknown>>) => Answer,
  secure?: Certificate,
) {
  const requests: string[] = [];
  const listener: RequestListener = (request, response) => {
    const path = request.url ?? "";
    requests.push(path);
    const reply = answer(path, request.headers);
    if (typeof reply === "function") return reply(response);
    response.writeHead(reply.status ?? 200, { ...reply.headers }).end(reply.body ?? "");
  };
  const server = secure ? createSecureServer({ cert: secure.cert, key: secure.key }, listener) : createServer(listener);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    origin: secure ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    requests,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
