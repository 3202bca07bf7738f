import { type Request, type Response, Router } from "express";
import type { RecordReceipt } from "../../src/inbound/delivery-receipts.ts";
import type { RecordInbound } from "../../src/inbound/record-inbound.ts";
import type { WebhookEndpoints } from "../../src/inbound/webhook-endpoints.ts";
import type { WebhookEndpoint, WebhookRequest, WebhookResponse } from "../../src/platform/inbound-webhook.ts";
import type { PlatformRegistry } from "../../src/platform/platform-registry.ts";
import type { Topics } from "../../src/polling/topics.ts";
import type { AdmitOne } from "../http/admission.ts";
import { readBytes } from "../http/json-body.ts";
import { Problem } from "../http/problem.ts";

/** What a push may weigh; networks keep to far less. */
export const PUSH_MOST = 1024 * 1024;

export interface InboundRoutesDeps {
  readonly doors: Pick<WebhookEndpoints, "find" | "byRoutingKey">;
  readonly platforms: Pick<PlatformRegistry, "find">;
  readonly arrive: RecordInbound;
  readonly report: RecordReceipt;
  readonly topics: Pick<Topics, "saveHint" | "trigger">;
  /** Bounds the pushes of an app as its own posts are bounded. */
  readonly admit: AdmitOne;
}

/**
 * Where the networks push to us. The door's id and the network's signature say who it is, so no key is asked for. 200
 * comes only after everything is stored; whatever fails before is pushed again, and what was stored is then dropped.
 */
export function inboundRoutes({ doors, platforms, arrive, report, topics, admit }: InboundRoutesDeps): Router {
  const router = Router({ caseSensitive: true });

  async function take(req: Request<{ platform: string; hook: string }>, res: Response): Promise<void> {
    const { receive, door, platform } = await behind(req.params);
    await admit(door.app);
    const { secrets, ...whose } = door;
    const pushed = await pushedBy(req);
    const answer = receive(pushed, secrets, whose);
    const { status, body = "", contentType = "text/plain", alsoFor: mates = [] } = answer;
    if (status !== 200) throw refused(status, req.method);
    await store(whose, answer);
    for (const mate of mates) {
      const id = await doors.byRoutingKey(door.app, platform, mate);
      const other = id === undefined ? undefined : await doors.find(platform, id);
      // Another login's secrets may not fit the push: then it is none of that account's.
      const its = other && receive(pushed, other.secrets, { app: other.app, subject: other.subject });
      if (other && its?.status === 200) await store(other, its);
    }
    res.set({ "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" });
    res.type(contentType).send(body);
  }

  async function store(
    { app, subject }: WebhookEndpoint,
    { events: arrivals = [], receipts: reports = [], topic }: WebhookResponse,
  ): Promise<void> {
    for (const arrival of arrivals) await arrive(app, arrival);
    for (const one of reports) await report(app, one);
    if (topic?.note !== undefined) await topics.saveHint(subject, topic.note);
    if (topic?.hasten) await topics.trigger(subject);
  }

  async function behind({ platform: name, hook }: { readonly platform: string; readonly hook: string }) {
    const platform = platforms.find(name);
    const door = platform?.webhook && (await doors.find(platform.id, hook));
    if (!platform?.webhook || !door) throw new Problem("not-found", "Nothing is pushed to this path (any more).");
    return { receive: platform.webhook.receive, door, platform: platform.id };
  }

  router.get("/inbound/:platform/:hook", take);
  router.post("/inbound/:platform/:hook", take);
  return router;
}

async function pushedBy(req: Request): Promise<WebhookRequest> {
  const isPost = req.method === "POST";
  return {
    method: isPost ? "POST" : "GET",
    query: new URL(req.url, "http://localhost").searchParams,
    headers: plain(req.headers),
    body: isPost ? await readBytes(req, PUSH_MOST) : Buffer.alloc(0),
  };
}

function refused(status: Exclude<WebhookResponse["status"], 200>, method: string): Problem {
  if (status === 403)
    return new Problem("forbidden", "The token or the signature is not the one agreed with the network.");
  if (status === 404) return new Problem("not-found", "Nothing is awaited here.");
  return method === "POST"
    ? new Problem("malformed-json", "The push makes no sense.")
    : new Problem("bad-parameter", "The challenge makes no sense.");
}

/** Headers as one text each; of a signature that came twice Node makes one that fits nothing. */
function plain(headers: Request["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : [])),
  );
}
