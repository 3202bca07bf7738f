import type { ImapFlow } from "imapflow";
import { fairSemaphore } from "../../../../platform/kit/semaphore.ts";
import { causeOf } from "./connection.ts";

/** Pool of IMAP connections for single tasks. Connections stay open for a while, since another task often follows. */
export interface ImapPool {
  /** Lends a connection to a task. Rejects with the error of connecting or of the task. */
  readonly use: <T>(signal: AbortSignal, task: (imap: ImapFlow) => Promise<T>) => Promise<T>;
  readonly close: () => void;
}

const MAX_CONNECTIONS = 2;
const IDLE_MS = 30_000;

/** Keeps up to two connections to a mailbox. A task whose signal aborts loses the connection. */
export function imapPool(open: (signal: AbortSignal) => Promise<ImapFlow>): ImapPool {
  const idle = new Map<ImapFlow, NodeJS.Timeout>();
  const { acquire, release } = fairSemaphore(MAX_CONNECTIONS);
  let closed = false;

  function take(): ImapFlow | undefined {
    for (const [imap, timer] of [...idle].reverse()) {
      clearTimeout(timer);
      idle.delete(imap);
      if (imap.usable) return imap;
    }
    return undefined;
  }
  function give(imap: ImapFlow): void {
    if (closed || !imap.usable) {
      logOut(imap);
      return;
    }
    const timer = setTimeout(() => {
      idle.delete(imap);
      logOut(imap);
    }, IDLE_MS);
    idle.set(imap, timer.unref());
  }
  /** Returns an idle connection after a NOOP. The server may have closed the connection silently. */
  async function takeAlive(): Promise<ImapFlow | undefined> {
    for (let imap = take(); imap; imap = take()) {
      const isAlive = await imap.noop().then(
        () => true,
        () => false,
      );
      if (isAlive && imap.usable) return imap;
      imap.close();
    }
    return undefined;
  }

  return {
    use: async (signal, task) => {
      await acquire(signal);
      let imap: ImapFlow | undefined;
      const stop = () => imap?.close();
      try {
        imap = (await takeAlive()) ?? (await open(signal));
        signal.addEventListener("abort", stop, { once: true });
        signal.throwIfAborted();
        return await task(imap);
      } catch (thrown) {
        throw imap ? causeOf(imap, thrown) : thrown;
      } finally {
        signal.removeEventListener("abort", stop);
        if (imap) give(imap);
        release();
      }
    },
    close: () => {
      closed = true;
      for (const [imap, timer] of idle) {
        clearTimeout(timer);
        logOut(imap);
      }
      idle.clear();
    },
  };
}

function logOut(imap: ImapFlow): void {
  if (!imap.usable) {
    imap.close();
    return;
  }
  const timer = setTimeout(() => imap.close(), 1_000).unref();
  imap
    .logout()
    .catch(() => imap.close())
    .finally(() => clearTimeout(timer));
}
