import { type Request, type Response, Router } from "express";
import type { ReceiveWebhook } from "../../src/operations/receive-webhook.ts";
import type { WebhookRequest, WebhookResponse } from "../../src/platform/inbound-webhook.ts";
import { readBytes } from "../http/json-body.ts";
import { Problem } from "../http/problem.ts";

/** Size limit of a webhook request; networks keep to far less. */
export const MAX_WEBHOOK_BYTES = 1024 * 1024;

/**
 * Makes the routes that networks post to. The endpoint's id and the network's signature authenticate, so no key is
 * asked for. 200 comes only after everything is stored; a failed request is sent again by the network.
 */
export function inboundRoutes(receive: ReceiveWebhook): Router {
  const router = Router({ caseSensitive: true });

  async function take(req: Request<{ platform: string; endpoint: string }>, res: Response): Promise<void> {
    const { platform, endpoint } = req.params;
    const { status, body = "", contentType = "text/plain" } = await receive(platform, endpoint, () => readRequest(req));
    if (status !== 200) throw refused(status, req.method);
    res.type(contentType).send(body);
  }

  router.get("/inbound/:platform/:endpoint", take);
  router.post("/inbound/:platform/:endpoint", take);
  return router;
}

async function readRequest(req: Request): Promise<WebhookRequest> {
  const isPost = req.method === "POST";
  return {
    method: isPost ? "POST" : "GET",
    query: new URL(req.url, "http://localhost").searchParams,
    headers: plain(req.headers),
    body: isPost ? await readBytes(req, MAX_WEBHOOK_BYTES) : Buffer.alloc(0),
  };
}

function refused(status: Exclude<WebhookResponse["status"], 200>, method: string): Problem {
  if (status === 403)
    return new Problem("forbidden", "The token or the signature is not the one agreed with the network.");
  if (status === 404) return new Problem("not-found", "No challenge is expected at this path.");
  return method === "POST"
    ? new Problem("malformed-json", "The notification is malformed.")
    : new Problem("bad-parameter", "The challenge is malformed.");
}

/** Headers as one text each. Of a signature that came twice Node makes one that fits nothing. */
function plain(headers: Request["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : [])),
  );
}
