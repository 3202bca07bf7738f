import { fairSemaphore } from "../../../../platform/kit/semaphore.ts";
import type { OutgoingMail, SendResult, SmtpConnection } from "./connection.ts";

/** A pool of connections to an SMTP server. */
export interface SmtpPool {
  /** Sends over an idle connection or a new connection. Rejects with the error of opening a connection. */
  readonly send: (mail: OutgoingMail) => Promise<SendResult>;
  readonly close: () => void;
}

export interface SmtpPoolOptions {
  readonly open: () => Promise<SmtpConnection>;
  /** Connections at the same time. */
  readonly maxConnections: number;
  /** Mails after which a connection is closed, since servers limit them too. */
  readonly maxMails?: number;
  readonly idleMs?: number;
}

/** Keeps a few SMTP connections to a server. A mail waits while all connections are busy. */
export function smtpPool({ open, maxConnections, maxMails = 200, idleMs = 30_000 }: SmtpPoolOptions): SmtpPool {
  const idle = new Map<SmtpConnection, NodeJS.Timeout>();
  const { acquire, release } = fairSemaphore(maxConnections);
  let closed = false;

  function take(): SmtpConnection | undefined {
    // The most recently used connection first, so that spare connections reach their idle limit.
    const entry = [...idle].reverse().find(([connection]) => connection.isHealthy());
    if (!entry) return undefined;
    clearTimeout(entry[1]);
    idle.delete(entry[0]);
    return entry[0];
  }

  function give(connection: SmtpConnection): void {
    if (closed || !connection.isHealthy() || connection.mailCount() >= maxMails) {
      connection.close();
      return;
    }
    const timer = setTimeout(() => {
      idle.delete(connection);
      connection.close();
    }, idleMs);
    idle.set(connection, timer.unref());
  }

  return {
    send: async (mail) => {
      mail.signal.throwIfAborted();
      await acquire(mail.signal);
      try {
        for (;;) {
          const connection = take() ?? (await open());
          const result = await connection.send(mail);
          give(connection);
          if (connection.mailCount() === 1 || !wasClosedWhileIdle(result)) return result;
        }
      } finally {
        release();
      }
    },
    close: () => {
      closed = true;
      for (const [connection, timer] of idle) {
        clearTimeout(timer);
        connection.close();
      }
      idle.clear();
    },
  };
}

/** True when the server had closed the idle connection. No byte of the mail was read. */
function wasClosedWhileIdle({ error, stage }: SendResult): boolean {
  if (error === undefined || stage !== "envelope") return false;
  const { code, responseCode } = error as { readonly code?: unknown; readonly responseCode?: unknown };
  return responseCode === 421 || (responseCode === undefined && (code === "ECONNECTION" || code === "ESOCKET"));
}
