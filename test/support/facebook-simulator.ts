import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** Page that the simulator knows, and two people who may write to the Page. */
export const PAGE = "104998765432101";
export const ANN = "6543210987654321";
export const BEN = "6543210987654322";
export const LOGIN = {
  pageToken: "EAAG-page-token",
  appSecret: "0123456789abcdef0123456789abcdef",
  verifyToken: "a-long-word-of-our-own",
} as const;

/** Meta app of the Page. */
export const META_APP = "123456789012345";

type Bag = Record<string, unknown>;
interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}
/**
 * Fault of one request, or an answer in place of the action. `cut` performs the action and disconnects before
 * answering; `stall` never answers.
 */
export type FacebookFault = Answer | "cut" | "drop" | "stall" | "garbage";
export interface GraphCall {
  readonly method: string;
  /** Below the version. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Bag;
}

/** An error in the Graph API's own words. */
export function graphError(code: number, subcode?: number, more: Bag = {}, status = 400): Answer {
  const error = { message: `(#${code}) words`, type: "OAuthException", code, fbtrace_id: "AbCdEf123", ...more };
  return { status, body: { error: { ...error, ...(subcode === undefined ? {} : { error_subcode: subcode }) } } };
}

const DAY_MS = 24 * 3_600_000;

/**
 * Simulates the Graph API on loopback. Meta offers neither a test server nor a machine-readable description, so the
 * simulator is built from published documentation: paths, shapes of answers, error codes, usage headers, signatures.
 * Requests that the documentation refuses are refused (no proof, strangers, closed window, long texts, too many calls);
 * undocumented requests get no answer. `calls` lists the requests in order.
 */
export async function facebookSimulator(
  options: { readonly limit?: { readonly calls: number; readonly seconds: number } } = {},
) {
  const calls: GraphCall[] = [];
  const faults: FacebookFault[] = [];
  const wrote = new Map<string, number>();
  const sent: Array<{ readonly to: string; readonly message: Bag; readonly mid: string }> = [];
  const objects = new Map<string, Bag>();
  const likes = new Set<string>();
  const pages: Bag[] = [{ id: PAGE, name: "Our Page", access_token: LOGIN.pageToken }];
  let subscribed: string[] = [];
  let counter = 0;
  let window = { start: 0, used: 0 };
  let hook = "";

  const server = createServer((request, response) => void serve(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? "/", "http://localhost");
    const text = Buffer.concat(chunks).toString("utf8");
    const call: GraphCall = {
      method: request.method ?? "",
      path: url.pathname.replace(/^\/v26\.0\//, ""),
      query: url.searchParams,
      body: text === "" ? {} : (JSON.parse(text) as Bag),
    };
    calls.push(call);
    const fault = faults.shift();
    if (fault === "drop") return void response.destroy();
    if (fault === "stall") return;
    if (call.path === "oauth/access_token") return void granted(call.query, response);
    if (call.path === "me/accounts") return void ownPages(request, call.query, response);
    const refused = url.pathname.startsWith("/v26.0/") ? refusal(request, url) : graphError(2635, undefined, {}, 400);
    const answer = typeof fault === "object" ? fault : (refused ?? overdone() ?? done(call));
    if (fault === "cut") return void response.destroy();
    if (fault === "garbage") return void response.writeHead(200, { "Content-Type": "text/html" }).end("<h1>Hi</h1>");
    const headers = { "Content-Type": "application/json; charset=UTF-8", ...usage(), ...answer.headers };
    response.writeHead(answer.status ?? 200, headers).end(JSON.stringify(answer.body));
  }

  /** Facebook Login: a code works once, and a short-lived token buys a long-lived token. */
  function granted(query: URLSearchParams, response: ServerResponse): void {
    const isApp = query.get("client_id") === META_APP && query.get("client_secret") === LOGIN.appSecret;
    const isCode = query.get("code") === "good-code" && query.get("redirect_uri") !== null;
    const isBrief = query.get("grant_type") === "fb_exchange_token" && query.get("fb_exchange_token") === "brief-token";
    const good = isApp && (isCode || isBrief);
    const { status = 200, body } = good
      ? { body: { access_token: isCode ? "brief-token" : "lasting-token", token_type: "bearer" } }
      : graphError(100, 36_009);
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  }

  function ownPages({ headers }: IncomingMessage, query: URLSearchParams, response: ServerResponse): void {
    const proof = createHmac("sha256", LOGIN.appSecret).update("lasting-token").digest("hex");
    const good = headers.authorization === "Bearer lasting-token" && query.get("appsecret_proof") === proof;
    const { status = 200, body } = good ? { body: { data: pages } } : graphError(190, 467, {}, 401);
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  }

  function refusal({ headers }: IncomingMessage, url: URL): Answer | undefined {
    if (headers.authorization !== `Bearer ${LOGIN.pageToken}`) return graphError(190, 467, {}, 401);
    const proof = createHmac("sha256", LOGIN.appSecret).update(LOGIN.pageToken).digest("hex");
    if (url.searchParams.get("appsecret_proof") !== proof)
      return graphError(100, undefined, { type: "GraphMethodException" });
    if (url.searchParams.has("access_token")) return graphError(100);
    return undefined;
  }

  function overdone(): Answer | undefined {
    const { limit } = options;
    if (!limit) return undefined;
    if (Date.now() - window.start > limit.seconds * 1_000) window = { start: Date.now(), used: 0 };
    window.used += 1;
    return window.used > limit.calls ? graphError(32, undefined, {}, 400) : undefined;
  }

  function usage(): Record<string, string> {
    const percent = options.limit ? Math.min(100, Math.floor((100 * window.used) / options.limit.calls / 2)) : 3;
    return { "X-App-Usage": JSON.stringify({ call_count: percent, total_cputime: 1, total_time: 1 }) };
  }

  function done(call: GraphCall): Answer {
    const { method, path } = call;
    const [first = "", edge = ""] = path.split("/");
    if (path === `${PAGE}/messages` && method === "POST") return messaged(call.body);
    if (path === "pages/search")
      return {
        body: { data: [{ id: "20531316728", name: "City Library", link: "https://www.facebook.com/20531316728" }] },
      };
    if (edge === "subscribed_apps") return subscription(call);
    if (method === "GET") return read(first, edge, call.query);
    if (path === `${PAGE}/feed` || path === `${PAGE}/photos`) return posted(call.body, edge);
    const known = objects.get(first);
    if (!known) return graphError(100, 33);
    if (edge === "comments") return commented(first, call.body);
    if (edge === "likes") {
      if (method === "POST") likes.add(first);
      else likes.delete(first);
    } else if (method === "DELETE") objects.delete(first);
    else objects.set(first, { ...known, message: call.body.message });
    return { body: { success: true } };
  }

  function messaged({ recipient, message, sender_action, messaging_type, tag }: Bag): Answer {
    const to = String((recipient as Bag | undefined)?.id);
    const last = wrote.get(to);
    if (last === undefined) return graphError(100, 2_018_001);
    if (sender_action !== undefined) return { body: { recipient_id: to } };
    const agent = messaging_type === "MESSAGE_TAG" && tag === "HUMAN_AGENT";
    if (Date.now() - last > (agent ? 7 * DAY_MS : DAY_MS)) return graphError(10, 2_018_278, {}, 403);
    const content = message as Bag;
    if (content.text === undefined && content.attachment === undefined) return graphError(100);
    if (String(content.text ?? "").length > 2_000) return graphError(100);
    const mid = `m_out${++counter}`;
    sent.push({ to, message: content, mid });
    return { body: { recipient_id: to, message_id: mid } };
  }

  function posted(body: Bag, edge: string): Answer {
    const id = `${PAGE}_${1220 + ++counter}`;
    objects.set(id, {
      id,
      message: body.message ?? body.caption,
      from: { id: PAGE, name: "Our Page" },
      at: Date.now(),
    });
    return { body: edge === "photos" ? { id: String(counter), post_id: id } : { id } };
  }

  function commented(parent: string, { message }: Bag): Answer {
    const id = `${parent.split("_")[1]}_${++counter}`;
    objects.set(id, { id, message, parent, from: { id: PAGE, name: "Our Page" }, at: Date.now() });
    return { body: { id } };
  }

  function subscription({ method, body }: GraphCall): Answer {
    if (method === "GET")
      return { body: { data: subscribed.length === 0 ? [] : [{ id: "1", subscribed_fields: subscribed }] } };
    subscribed = method === "DELETE" ? [] : String(body.subscribed_fields).split(",");
    return { body: { success: true } };
  }

  function read(first: string, edge: string, query: URLSearchParams): Answer {
    const limit = Number(query.get("limit") ?? 25);
    const time = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, "+0000");
    const shown = (list: readonly Bag[]) => {
      const data = list
        .slice(0, limit)
        .map(({ at, parent, ...fields }) => ({ ...fields, created_time: time(at as number) }));
      return {
        body: {
          data,
          ...(list.length > limit ? { paging: { cursors: { after: "QVFI" }, next: "https://next" } } : {}),
        },
      };
    };
    const all = [...objects.values()].reverse();
    if (edge === "feed") return shown(all.filter(({ parent }) => parent === undefined));
    if (edge === "comments") return shown(all.filter(({ parent }) => parent === first));
    if (edge === "messages" || edge === "conversations") {
      const messages = sent.map(({ mid, message }) => ({
        id: mid,
        message: message.text,
        from: { id: PAGE },
        at: Date.now(),
      }));
      if (edge === "messages") return shown(messages);
      return { body: { data: [{ id: "t_1", messages: shown(messages).body }] } };
    }
    if (first === PAGE) return { body: { id: PAGE, name: "Our Page", link: `https://www.facebook.com/${PAGE}` } };
    if (wrote.has(first))
      return { body: { id: first, first_name: "Ann", last_name: "Other", profile_pic: "https://example.com/ann.png" } };
    return graphError(100, 33);
  }

  /** Signs and pushes a body as Facebook does, to the verified address. Resolves with the status. */
  async function push(
    body: unknown,
    { secret = LOGIN.appSecret, raw }: { readonly secret?: string; readonly raw?: string } = {},
  ) {
    const text = raw ?? JSON.stringify(body);
    const signature = createHmac("sha256", secret).update(text).digest("hex");
    const headers = { "Content-Type": "application/json", "X-Hub-Signature-256": `sha256=${signature}` };
    return fetch(hook, { method: "POST", headers, body: text });
  }
  const entry = (messaging: readonly Bag[], id = PAGE) => ({
    object: "page",
    entry: [{ id, time: Date.now(), messaging }],
  });
  const between = (sender: string, recipient: string, more: Bag) => ({
    sender: { id: sender },
    recipient: { id: recipient },
    timestamp: Date.now(),
    ...more,
  });

  return {
    url: `http://127.0.0.1:${port}/v26.0`,
    calls,
    sent,
    likes,
    things: objects,
    /** Pages that the consenting person manages. */
    pages,
    subscribed: () => subscribed,
    fail: (...next: readonly FacebookFault[]) => faults.push(...next),
    /** As if the person had written to the Page so long ago. */
    wrote: (person: string, ago = 0) => wrote.set(person, Date.now() - ago),
    /** Verifies a webhook address as Facebook does. The address is stored when the challenge is answered. */
    verify: async (url: string, token: string = LOGIN.verifyToken) => {
      const challenge = "1158201444";
      const query = { "hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": challenge };
      const answer = await fetch(`${url}?${new URLSearchParams(query)}`);
      const text = await answer.text();
      if (answer.status === 200 && text === challenge) hook = url;
      return { status: answer.status, text };
    },
    push,
    entry,
    between,
    /** Writes to the Page as a person. Resolves with the pushed notification. */
    write: (person: string, mid: string, text: string) => {
      wrote.set(person, Date.now());
      return entry([between(person, PAGE, { message: { mid, text } })]);
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
