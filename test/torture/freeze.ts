import { setTimeout as sleep } from "node:timers/promises";

/** Holds a fault for so many milliseconds. */
export const held = (ms: number): Promise<void> => sleep(ms);

/** Stops a process and lets it go on. Returns 1. */
export async function freeze(pid: number, ms: number): Promise<number> {
  process.kill(pid, "SIGSTOP");
  try {
    await held(ms);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  return 1;
}
