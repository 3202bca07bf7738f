import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { telegramDocument } from "./telegram-document.ts";

type Fields = Readonly<Record<string, unknown>>;
interface Call {
  readonly method: string;
  readonly parameters: Fields;
  /** Uploaded files by field. */
  readonly files: Readonly<Record<string, { readonly name: string; readonly bytes: Buffer }>>;
}
/** Answer in place of the simulator's own; `cut` drops the connection after the request. */
export type Override = { readonly status: number; readonly body: unknown } | "cut" | undefined;

export const BOT = { id: 110_201_543, is_bot: true, first_name: "Example", username: "example_bot" };
export const TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw";
export const ALICE = { id: 123_456_789, is_bot: false, first_name: "Alice", last_name: "Liddell", username: "alice" };
export const GROUP = { id: -1_001_234_567_890, type: "supergroup", title: "Garden" };
const PRIVATE = { id: ALICE.id, type: "private", first_name: "Alice", username: "alice" };
const NOW_SECONDS = 1_790_000_000;

/** Simulates the Bot API on a random loopback port. Each request is checked against Telegram's description. */
export async function telegramSimulator() {
  const document = telegramDocument();
  const calls: Call[] = [];
  const issues: string[] = [];
  const updates: Fields[] = [];
  const changes = new EventEmitter();
  changes.setMaxListeners(0);
  let override: (call: Call) => Override = () => undefined;
  let nextUpdate = 1_000;
  let nextMessage = 40;

  const chatOf = (id: unknown) => (String(id) === String(ALICE.id) ? PRIVATE : GROUP);
  const messageOf = ({ chat_id, text, caption }: Fields) => ({
    message_id: ++nextMessage,
    from: BOT,
    chat: chatOf(chat_id),
    date: NOW_SECONDS,
    ...(text === undefined ? {} : { text }),
    ...(caption === undefined ? {} : { caption }),
  });

  async function results(call: Call, response: ServerResponse): Promise<unknown> {
    const { method, parameters } = call;
    if (method === "getMe") return BOT;
    if (method === "getUpdates") return nextPage(parameters, response);
    if (method === "sendMediaGroup") return [messageOf(parameters), messageOf(parameters)];
    if (method.startsWith("send") && method !== "sendChatAction") return messageOf(parameters);
    if (method === "editMessageText") return { ...messageOf(parameters), message_id: parameters.message_id };
    if (method === "createChatInviteLink") return { invite_link: "https://t.me/+abc", creator: BOT };
    if (method === "getChatAdministrators") return [{ status: "creator", user: ALICE, is_anonymous: false }];
    if (method === "getChatMemberCount") return 7;
    if (method === "getChat") return { ...chatOf(parameters.chat_id), description: "All is well", bio: "Curious" };
    if (method === "getFile") return { file_id: parameters.file_id, file_path: "photos/file_1.jpg" };
    return true;
  }

  async function nextPage({ offset }: Fields, response: ServerResponse): Promise<readonly Fields[]> {
    const from = Number(offset ?? 0);
    while (updates.length > 0 && Number(updates[0]?.update_id) < from) updates.shift();
    const closed = once(response, "close");
    while (updates.length === 0 && !response.destroyed) await Promise.race([once(changes, "update"), closed]);
    return [...updates];
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url ?? "";
    if (path === `/file/bot${TOKEN}/photos/file_1.jpg`) return void response.end("JPEG");
    const method = new RegExp(`^/bot${TOKEN}/([A-Za-z]+)$`).exec(path)?.[1];
    if (method === undefined) return send(response, 401, { ok: false, error_code: 401, description: "Unauthorized" });
    const call = { method, ...(await bodyOf(Buffer.concat(chunks), request.headers["content-type"] ?? "")) };
    calls.push(call);
    changes.emit("call");
    const uploads = Object.fromEntries(Object.keys(call.files).map((name) => [name, "attach"]));
    const attached = Object.keys(uploads).every((name) => name.startsWith("file"));
    issues.push(...(document?.requestIssues(method, { ...call.parameters, ...(attached ? {} : uploads) }) ?? []));
    const other = override(call);
    if (other === "cut") return void request.socket.destroy();
    if (other) return send(response, other.status, other.body);
    const result = await results(call, response);
    if (!response.destroyed) send(response, 200, { ok: true, result });
  }

  const server = createServer((request, response) => void answer(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    /** Deviations from Telegram's description; empty where the description is not present. */
    issues,
    set override(next: (call: Call) => Override) {
      override = next;
    },
    /** Puts an update in the queue and returns its id. */
    push(update: Fields): number {
      const update_id = nextUpdate++;
      const whole = { update_id, ...update };
      issues.push(...(document?.updateIssues(whole) ?? []));
      updates.push(whole);
      changes.emit("update");
      return update_id;
    },
    /** Message of Alice in a private chat, or in the group. */
    message: (fields: Fields, chat: Fields = PRIVATE): Fields => ({
      message_id: ++nextMessage,
      from: ALICE,
      chat,
      date: NOW_SECONDS,
      ...fields,
    }),
    /** Resolves with the first call of a method, past or to come. */
    async called(method: string): Promise<Call> {
      for (;;) {
        const found = calls.find((call) => call.method === method);
        if (found) return found;
        await once(changes, "call", { signal: AbortSignal.timeout(20_000) });
      }
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, { "content-type": typeof body === "string" ? "text/html" : "application/json" }).end(text);
}

async function bodyOf(bytes: Buffer, contentType: string): Promise<Pick<Call, "parameters" | "files">> {
  if (!contentType.startsWith("multipart/"))
    return { parameters: bytes.length === 0 ? {} : (JSON.parse(bytes.toString()) as Fields), files: {} };
  // Node's own parser is the judge of the encoding.
  const form = await new Response(new Uint8Array(bytes), { headers: { "content-type": contentType } }).formData();
  const parameters: Record<string, unknown> = {};
  const files: Record<string, { name: string; bytes: Buffer }> = {};
  for (const [name, value] of form.entries()) {
    if (typeof value === "string") parameters[name] = /^[[{]/.test(value) ? JSON.parse(value) : value;
    else files[name] = { name: value.name, bytes: Buffer.from(await value.arrayBuffer()) };
  }
  return { parameters, files };
}
