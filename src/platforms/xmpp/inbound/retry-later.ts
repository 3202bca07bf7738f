import type { Client } from "../client/client.ts";

/** Longest wait between two attempts, in ms; waits double. */
const MAX_RETRY_MS = 600_000;

/** Repeats an attempt with growing waits, until the attempt returns true or the stream ends. */
export function retryLater(
  { stream, context, retryMs }: Pick<Client, "stream" | "context" | "retryMs">,
  attempt: () => Promise<boolean>,
): void {
  const wait = (delayMs: number): void => {
    setTimeout(() => void run(delayMs), delayMs).unref();
  };
  async function run(delayMs: number): Promise<void> {
    if (stream.isEnded()) return;
    const isDone = await attempt().catch((err: unknown) => {
      context.log.debug({ err }, "repeated attempt failed; retrying");
      return false;
    });
    if (!isDone) wait(Math.min(delayMs * 2, MAX_RETRY_MS));
  }
  wait(retryMs);
}
