import type { ImapFlow } from "imapflow";
import { fairSemaphore } from "../../../../platform/kit/semaphore.ts";
import { causeOf } from "./connection.ts";

/** Connections for single pieces of work, kept for a moment since another piece often follows. */
export interface ImapPool {
  /** Lends a connection to one piece of work at a time; rejects with what connecting or the work threw. */
  readonly use: <T>(signal: AbortSignal, work: (imap: ImapFlow) => Promise<T>) => Promise<T>;
  readonly close: () => void;
}

const MOST = 2;
const IDLE_MS = 30_000;

/** Keeps up to two connections to one mailbox. Work whose signal aborts loses its connection. */
export function imapPool(open: (signal: AbortSignal) => Promise<ImapFlow>): ImapPool {
  const idle = new Map<ImapFlow, NodeJS.Timeout>();
  const { acquire: enter, release: leave } = fairSemaphore(MOST);
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
      end(imap);
      return;
    }
    const timer = setTimeout(() => {
      idle.delete(imap);
      end(imap);
    }, IDLE_MS);
    idle.set(imap, timer.unref());
  }
  /** A connection that was kept may have ended unheard: a question without effect tells. */
  async function alive(): Promise<ImapFlow | undefined> {
    for (let imap = take(); imap; imap = take()) {
      const answers = await imap.noop().then(
        () => true,
        () => false,
      );
      if (answers && imap.usable) return imap;
      imap.close();
    }
    return undefined;
  }

  return {
    use: async (signal, work) => {
      await enter(signal);
      let imap: ImapFlow | undefined;
      const stop = () => imap?.close();
      try {
        imap = (await alive()) ?? (await open(signal));
        signal.addEventListener("abort", stop, { once: true });
        signal.throwIfAborted();
        return await work(imap);
      } catch (thrown) {
        throw imap ? causeOf(imap, thrown) : thrown;
      } finally {
        signal.removeEventListener("abort", stop);
        if (imap) give(imap);
        leave();
      }
    },
    close: () => {
      closed = true;
      for (const [imap, timer] of idle) {
        clearTimeout(timer);
        end(imap);
      }
      idle.clear();
    },
  };
}

function end(imap: ImapFlow): void {
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
