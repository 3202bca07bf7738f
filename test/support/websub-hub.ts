import { createHmac, randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Subscription of a hub after the subscriber's verification. */
export interface HubSubscription {
  readonly mode: string;
  readonly topic: string;
  readonly callback: string;
  readonly secret: string | null;
  readonly leaseSeconds: string | null;
  /** Whether the subscriber confirmed the verification. */
  readonly verified: boolean;
}

/** Starts a WebSub hub (W3C) over HTTP. Accepts subscriptions, verifies the intent and pushes content. */
export async function webSubHub({ lease = "864000" }: { readonly lease?: string } = {}) {
  const requests: HubSubscription[] = [];
  const changes = new EventEmitter();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    response.writeHead(202).end();
    const [mode = "", topic = "", callback = ""] = ["mode", "topic", "callback"].map(
      (name) => form.get(`hub.${name}`) ?? "",
    );
    const fields = {
      mode,
      topic,
      callback,
      secret: form.get("hub.secret"),
      leaseSeconds: form.get("hub.lease_seconds"),
    };
    const { verified } = await verify(callback, {
      mode,
      topic,
      ...(mode === "subscribe" ? { lease_seconds: lease } : {}),
    });
    requests.push({ ...fields, verified });
    changes.emit("asked");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    requests,
    verify,
    /** Resolves at the given total of subscription requests. */
    times: async (count: number) => {
      while (requests.length < count) await once(changes, "asked");
    },
    push: async (callback: string, body: string, headers: Readonly<Record<string, string>> = {}) =>
      (await fetch(callback, { method: "POST", body, headers })).status,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Signs a body as a hub does. */
export function hubSignature(secret: string, body: string, method = "sha256"): Record<string, string> {
  return { "X-Hub-Signature": `${method}=${createHmac(method, secret).update(body).digest("hex")}` };
}

async function verify(callback: string, params: Readonly<Record<string, string>>) {
  const challenge = randomBytes(16).toString("hex");
  const url = new URL(callback);
  for (const [name, value] of Object.entries({ ...params, challenge })) url.searchParams.set(`hub.${name}`, value);
  const answer = await fetch(url);
  return { status: answer.status, verified: answer.ok && (await answer.text()) === challenge };
}
