import type { ConnectionContext } from "../../../platform/connection.ts";
import { isServerAnswer } from "../client/verdict.ts";
import { classifyError } from "../errors.ts";
import { folderStateKey } from "./imap-folder.ts";

/** Folders that the server refuses to open, beside others that are listened to. */
export interface FolderRetries {
  /** Listens to a folder; where the server refuses, the folder is tried again later. Rejects with other errors. */
  readonly listen: (folder: string) => Promise<void>;
  readonly count: () => number;
  readonly cancel: (folder: string) => void;
  readonly cancelAll: () => void;
}

export interface FolderRetriesOptions {
  readonly connection: Pick<ConnectionContext<unknown>, "state" | "signal" | "log">;
  readonly retryMs: number;
  readonly listen: (folder: string, storedCursor: string | undefined) => Promise<void>;
  /** Called with the error of a later try that was no refusal. */
  readonly onFailed: (thrown: unknown) => void;
}

/** Tries refused folders again. A single folder must not keep the account from its other folders. */
export function folderRetries({ connection, retryMs, listen, onFailed }: FolderRetriesOptions): FolderRetries {
  const timers = new Map<string, NodeJS.Timeout>();

  async function listenOrRetry(folder: string): Promise<void> {
    const storedCursor = (await connection.state.read())[folderStateKey(folder)];
    await listen(folder, storedCursor).catch((thrown: unknown) => {
      if (connection.signal.aborted) return;
      const failure = classifyError(thrown);
      if (failure.code !== "recipient-unknown" && !isServerAnswer(failure)) throw thrown;
      const { platformCode } = failure;
      connection.log.info(
        { platform: "email", platformCode },
        "subscribed folder cannot be opened; trying again later",
      );
      timers.set(folder, setTimeout(() => retry(folder), retryMs).unref());
    });
  }
  function retry(folder: string): void {
    timers.delete(folder);
    listenOrRetry(folder).catch(onFailed);
  }
  function cancel(folder: string): void {
    clearTimeout(timers.get(folder));
    timers.delete(folder);
  }

  return {
    listen: listenOrRetry,
    count: () => timers.size,
    cancel,
    cancelAll: () => {
      for (const folder of [...timers.keys()]) cancel(folder);
    },
  };
}
