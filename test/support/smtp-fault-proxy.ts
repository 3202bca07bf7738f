import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./free-port.ts";

/** Moments of an SMTP transaction, between MAIL and the reply to the final dot. */
export const SMTP_STAGES = ["mail", "body", "dot-held", "dot-passed"] as const;

/**
 * Moment of an SMTP transaction. `mail`: the server has not received the MAIL command; `body`: the server has part of
 * the message; `dot-held`: the client has sent all, the server lacks the last bytes; `dot-passed`: the server has
 * answered the final dot, the client has not read the answer.
 */
export type SmtpStage = (typeof SMTP_STAGES)[number];

export interface SmtpFaultProxy {
  readonly port: number;
  readonly close: () => Promise<void>;
}

export interface SmtpFaultProxySettings {
  /** The real server. */
  readonly port: number;
  /** Returns the stage at which a transaction of this sender is interrupted, if any. */
  readonly stageOf: (sender: string) => SmtpStage | undefined;
  /** Called at that stage. Bytes of the connection are held meanwhile and never forwarded. */
  readonly onStage: (sender: string) => Promise<void>;
}

/**
 * Starts a loopback proxy between a worker and its mail server. The proxy follows SMTP transactions (RFC 5321) and
 * interrupts some at a chosen stage.
 */
export async function smtpFaultProxy(settings: SmtpFaultProxySettings): Promise<SmtpFaultProxy> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const upstream = connect(settings.port, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.once("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    watch(client, upstream, settings);
  });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** State of the transaction on a connection. */
interface TransactionState {
  sender: string;
  stage: SmtpStage | undefined;
  /** `asked`: DATA has gone out; `open`: 354 came; `ended`: the final dot has gone out. */
  data: "no" | "asked" | "open" | "ended";
  /** Last bytes of the message so far, since the final dot may arrive in pieces. */
  tail: string;
  caught: boolean;
}

const FINAL_DOT = "\r\n.\r\n";

function watch(client: Socket, upstream: Socket, { stageOf, onStage: spring }: SmtpFaultProxySettings): void {
  const at: TransactionState = { sender: "", stage: undefined, data: "no", tail: "", caught: false };
  const caught = (): void => {
    at.caught = true;
    client.pause();
    void spring(at.sender).finally(() => {
      client.destroy();
      upstream.destroy();
    });
  };

  client.on("data", (bytes) => {
    if (at.caught) return;
    const text = bytes.toString("latin1");
    if (at.data === "open") {
      at.tail = (at.tail + text).slice(-FINAL_DOT.length - text.length);
      const over = at.tail.endsWith(FINAL_DOT);
      at.tail = at.tail.slice(-FINAL_DOT.length);
      if (over && at.stage === "dot-held") return caught();
      if (over) at.data = "ended";
      upstream.write(bytes);
      if (at.stage === "body") caught();
      return;
    }
    const sender = /^MAIL FROM:<([^>]*)>/im.exec(text)?.[1];
    if (sender !== undefined) Object.assign(at, { sender, stage: stageOf(sender), data: "no", tail: "" });
    if (sender !== undefined && at.stage === "mail") return caught();
    if (/^DATA\r\n/im.test(text)) at.data = "asked";
    upstream.write(bytes);
  });

  upstream.on("data", (bytes) => {
    if (at.caught) return;
    const text = bytes.toString("latin1");
    if (at.data === "ended" && at.stage === "dot-passed" && text.startsWith("250")) return caught();
    // The replies to pipelined commands come together.
    if (at.data === "asked" && /^354/m.test(text)) at.data = "open";
    else if (at.data === "ended") at.data = "no";
    client.write(bytes);
  });
}
