/** Waits so long, or until the machine is online again. */
export function sleep(ms: number): Promise<unknown> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
    addEventListener("online", resolve, { once: true, signal: AbortSignal.timeout(ms) });
  });
}

/** Waits for what was asked for, and ever longer; spread out, so that not all pages come back at once. */
export function rest(failures: number, seconds?: number): Promise<unknown> {
  return sleep((seconds || 0) * 1_000 + Math.random() * Math.min(30_000, 500 * 2 ** failures));
}
