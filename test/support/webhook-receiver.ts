import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

export interface ReceivedWebhook {
  readonly id: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Parsed JSON; empty for other media types. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly raw: string;
  /** Status of the answer. */
  readonly status: number;
}

/** Answer of a receiver: status, status with headers, or a function that writes the response. */
export type WebhookReply =
  | number
  | { readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | ((response: ServerResponse) => void);

/** Starts a web server that records webhooks; `react` decides each answer. */
export async function webhookReceiver(
  answerTo: (webhook: Omit<ReceivedWebhook, "status">, nth: number) => WebhookReply = () => 204,
) {
  const received: ReceivedWebhook[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks).toString("utf8");
      const isJson = /json/.test(String(request.headers["content-type"]));
      const body = (isJson ? JSON.parse(raw) : {}) as Record<string, unknown>;
      const webhook = {
        id: String(request.headers["webhook-id"]),
        path: request.url ?? "",
        headers: request.headers,
        body,
        raw,
      };
      const reaction = answerTo(webhook, received.length);
      const status = typeof reaction === "number" ? reaction : typeof reaction === "function" ? 0 : reaction.status;
      received.push({ ...webhook, status });
      if (typeof reaction === "function") reaction(response);
      else response.writeHead(status, typeof reaction === "number" ? {} : { ...reaction.headers }).end();
      for (const check of waiting) check();
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    /** Webhooks that were answered 2xx, without repetitions. */
    accepted: () => {
      const seen = new Set<string>();
      return received.filter(({ id, status }) => status >= 200 && status < 300 && !seen.has(id) && seen.add(id));
    },
    /** Resolves when the condition holds; checked after each request. */
    until: async (so: () => boolean, subject = "what was waited for", ms = 20_000): Promise<void> => {
      if (so()) return;
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(() => fail(new Error(`${subject} did not come; received ${received.length}`)), ms);
        const fail = (error: Error) => {
          waiting.delete(check);
          reject(error);
        };
        const check = () => {
          if (!so()) return;
          clearTimeout(late);
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
      });
    },
    /** Throws unless the signature is right and fresh by the Standard Webhooks rules. */
    verify: (secret: string, { raw, headers }: ReceivedWebhook) =>
      new Webhook(secret).verify(raw, headers as Record<string, string>),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
