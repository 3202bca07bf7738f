import { EventEmitter, once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import Type from "typebox";
import type { Activity } from "../../src/model/activity.ts";
import { Failure } from "../../src/model/failure.ts";
import { type ConnectionContext, connectionVerbs } from "../../src/platform/connection.ts";
import { definePlatform, type Platform, type Receipt, type VerbContext } from "../../src/platform/platform.ts";
import type { TestNetwork } from "../contracts/connections/test-network.ts";
import { freePort } from "./free-port.ts";

interface PageMessage {
  readonly n: number;
  readonly from: string;
  readonly text: string;
}
interface Client {
  readonly sendText: (id: string, text: string) => Promise<void>;
  readonly close: () => void;
}
interface Login {
  readonly host: string;
  readonly port: number;
  readonly password: string;
}

/** Chat network in one process. Protocol: lines of JSON, an archive per account, the name as the password. */
export async function onePageNetwork(): Promise<
  TestNetwork & { readonly logins: () => number; readonly received: () => readonly string[] }
> {
  const boxes = new Map<string, PageMessage[]>();
  const received: string[] = [];
  const changes = new EventEmitter().setMaxListeners(0);
  const sockets = new Set<Socket>();
  let logins = 0;
  const port = await freePort();
  let server: Server;

  const boxOf = (name: string): PageMessage[] => {
    const box = boxes.get(name) ?? [];
    boxes.set(name, box);
    return box;
  };
  const write = (socket: Socket, value: object) => void socket.write(`${JSON.stringify(value)}\n`);

  function serve(socket: Socket): void {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    let name = "";
    createInterface({ input: socket }).on("line", (text) => {
      const line = JSON.parse(text) as {
        login?: string;
        password?: string;
        since?: number;
        id?: string;
        text?: string;
      };
      if (line.login !== undefined) {
        logins += 1;
        if (line.password !== line.login) return write(socket, { refused: true });
        name = line.login;
        write(socket, { welcome: boxOf(name).length });
        const since = line.since ?? boxOf(name).length;
        for (const letter of boxOf(name).slice(since)) write(socket, letter);
        const tell = (letter: PageMessage) => write(socket, letter);
        changes.on(`to:${name}`, tell);
        socket.on("close", () => changes.off(`to:${name}`, tell));
      } else if (line.id !== undefined) {
        received.push(line.text ?? "");
        changes.emit("heard");
        write(socket, { said: line.id });
      }
    });
  }
  async function start(): Promise<void> {
    server = createServer(serve).listen(port, "127.0.0.1");
    await once(server, "listening");
  }
  async function kill(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  }
  await start();

  const accountAt = (n: number, at: number) => ({
    address: `bird${n}`,
    credentials: { host: "127.0.0.1", port: at, password: `bird${n}` },
  });
  return {
    platform: onePagePlatform(),
    account: (n) => accountAt(n, port),
    accountAt,
    wrongLogin: { address: "eve", credentials: { host: "127.0.0.1", port, password: "wrong" } },
    peerSends: async (n, text) => {
      const box = boxOf(`bird${n}`);
      const letter = { n: box.push({ n: box.length + 1, from: "peer", text }), from: "peer", text };
      changes.emit(`to:bird${n}`, letter);
    },
    peerReceived: async (text) => {
      while (!received.includes(text)) await once(changes, "heard", { signal: AbortSignal.timeout(20_000) });
      return received.filter((candidate) => candidate === text).length;
    },
    sendTo: (n, text) => ({
      verb: "send",
      actor: { address: `bird${n}` },
      target: [{ address: "peer" }],
      object: { body: text },
    }),
    keepsMissed: true,
    kill,
    restart: start,
    get port() {
      return port;
    },
    logins: () => logins,
    received: () => received,
    close: kill,
  };
}

const Login = Type.Object({ host: Type.String(), port: Type.Integer(), password: Type.String() });

function onePagePlatform(): Platform {
  return definePlatform<Client, typeof Login>({
    id: "parrot",
    title: "Parrot",
    credentials: { schema: Login, example: { host: "localhost", port: 1, password: "bird1" } },
    needsAccount: true,
    lifetimeSeconds: 60,
    timeoutSeconds: 20,
    verbs: {
      ...connectionVerbs("bird1"),
      send: { summary: "Says it", schema: Type.Object({}), example: {}, run: send },
    },
    connect,
    dispose: async (client) => client.close(),
    classifyError: (cause) =>
      new Failure({ kind: "retryable", code: "platform-unavailable", detail: "The line broke.", cause }),
  });
}

async function send(client: unknown, activity: Activity, context: VerbContext): Promise<Receipt> {
  await context.commit({ receiptTtlSeconds: 60 });
  await (client as Client).sendText(activity.id, String(activity.object.body));
  return { outcomes: activity.target.map(({ address }) => ({ address, status: "sent", id: activity.id })) };
}

async function connect(access: ConnectionContext<Login>): Promise<Client> {
  const { host, port, password } = access.credentials;
  const { since } = await access.state.read();
  const socket = await access.egress.connect(host, port, { signal: access.signal, timeoutMs: 5_000 });
  access.signal.addEventListener("abort", () => socket.destroy(), { once: true });
  const changes = new EventEmitter().setMaxListeners(0);
  const lost = new Failure({ kind: "retryable", code: "platform-unavailable", detail: "The line broke." });
  socket
    .on("error", () => undefined)
    .once("close", () => {
      access.onDisconnected(lost);
      changes.emit("end", lost);
    });
  let bytes = 0;
  socket.on("data", (chunk) => {
    bytes = chunk.includes(10) ? 0 : bytes + chunk.length;
    if (bytes > 65_536) socket.destroy();
  });
  createInterface({ input: socket }).on("line", (text) => {
    const line = parsed(text);
    if (line === undefined) return void socket.destroy();
    if (line.refused) {
      return void changes.emit(
        "end",
        new Failure({ kind: "auth", code: "credentials-invalid", detail: "The password is wrong." }),
      );
    }
    if (line.welcome !== undefined) changes.emit("welcome", line.welcome);
    if (line.said !== undefined) {
      changes.emit(`said:${line.said}`);
      void access.recordReceipt({ id: line.said, status: "delivered" });
    }
    if (line.text !== undefined) take(access, line as PageMessage);
  });
  const ready = nextOf(changes, "welcome");
  socket.write(`${JSON.stringify({ login: access.address, password, ...(since ? { since: Number(since) } : {}) })}\n`);
  const length = await ready;
  if (since === undefined) await access.state.write("since", String(length));
  return {
    sendText: async (id, text) => {
      // The connection may have ended during the commit; no answer would come.
      if (socket.destroyed) throw lost;
      const confirmed = nextOf(changes, `said:${id}`);
      socket.write(`${JSON.stringify({ id, text })}\n`);
      await confirmed;
    },
    close: () => socket.destroy(),
  };
}

function take(access: ConnectionContext<Login>, { n, from, text }: PageMessage): void {
  const now = new Date().toISOString();
  const event = {
    platform: "parrot",
    verb: "send",
    actor: { address: from },
    target: [{ address: access.address }],
    object: { body: text },
    published: now,
  };
  access.record({ key: String(n), event, state: { name: "since", value: String(n) } }).catch(() => undefined);
}

function nextOf(changes: EventEmitter, event: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    changes.once(event, resolve);
    changes.once("end", (why: Failure) =>
      reject(
        why.kind === "auth"
          ? why
          : new Failure({ kind: why.kind, code: why.code, detail: why.message, mayHaveLanded: true }),
      ),
    );
  });
}

function parsed(text: string): { refused?: boolean; welcome?: number; said?: string; text?: string } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
