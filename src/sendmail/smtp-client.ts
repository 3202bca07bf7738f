import { connect, type Socket } from "node:net";
import type { OutgoingMail } from "./message.ts";

/** Where the gateway takes mail, and the app's key. */
export interface SmtpEndpoint {
  readonly host: string;
  readonly port: number;
  readonly key: string;
}

/** A refusal by the gateway. 4xx may pass, 5xx is for good. */
export class SmtpReplyError extends Error {
  readonly code: number;

  constructor(code: number, words: string) {
    super(words);
    this.name = "SmtpReplyError";
    this.code = code;
  }
}

const TIMEOUT_MS = 30_000;
/** What the gateway takes in one transaction. */
const MAX_RECIPIENTS = 100;

/** Hands mails in by one connection, one after the other. Throws `SmtpReplyError`, or the socket's error. */
export async function smtpSession(endpoint: SmtpEndpoint) {
  const socket = connect(endpoint.port, endpoint.host);
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error("the gateway does not answer")));
  const reply = replies(socket);
  await reply(2);
  const command = async (line: string | Buffer, kind: number) => {
    socket.write(line);
    return reply(kind);
  };
  await command("EHLO localhost\r\n", 2);
  await command(`AUTH PLAIN ${Buffer.from(`\0sendmail\0${endpoint.key}`).toString("base64")}\r\n`, 2);
  return {
    socket,
    send: async ({ from, to, bytes }: OutgoingMail): Promise<void> => {
      for (let at = 0; at < to.length; at += MAX_RECIPIENTS) {
        await command(`MAIL FROM:<${from}>\r\n`, 2);
        for (const address of to.slice(at, at + MAX_RECIPIENTS)) await command(`RCPT TO:<${address}>\r\n`, 2);
        await command("DATA\r\n", 3);
        await command(Buffer.concat([stuffed(bytes), Buffer.from(".\r\n")]), 2);
      }
    },
    reset: () => command("RSET\r\n", 2),
    end: () => socket.end("QUIT\r\n"),
  };
}

/** Reads whole replies; rejects those of another kind than expected, and when the connection ends. */
function replies(socket: Socket) {
  let received = "";
  let failure: Error | undefined;
  let checkReply = (): void => undefined;
  socket.setEncoding("utf8").on("data", (text: string) => {
    received += text;
    checkReply();
  });
  socket.on("error", (error) => {
    failure ??= error;
  });
  socket.once("close", () => {
    failure ??= new Error("the gateway ended the connection");
    checkReply();
  });
  const next = (): { readonly code: string; readonly words: string } | undefined => {
    const last = /^(\d{3})(?: (.*))?\r\n/m.exec(received);
    if (last === null) return undefined;
    received = received.slice(last.index + last[0].length);
    return { code: last[1] ?? "", words: last[2] ?? "" };
  };
  return (kind: number) =>
    new Promise<string>((resolve, reject) => {
      checkReply = () => {
        const reply = next();
        if (reply === undefined && failure !== undefined) reject(failure);
        else if (reply?.code.startsWith(String(kind)) === true) resolve(reply.words);
        else if (reply !== undefined) reject(new SmtpReplyError(Number(reply.code), reply.words));
      };
      checkReply();
    });
}

function stuffed(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString("latin1").replaceAll(/^\./gm, ".."), "latin1");
}
