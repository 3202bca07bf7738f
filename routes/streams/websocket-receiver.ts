import type { WebSocket } from "ws";
import type { ItemAnswer } from "../http/submit-items.ts";

export interface SocketIntakeDeps {
  readonly ws: Pick<WebSocket, "pause" | "resume" | "isPaused">;
  readonly submit: (text: string) => Promise<readonly ItemAnswer[]>;
  readonly answer: (answers: readonly ItemAnswer[]) => void;
  /** Too much is held back. */
  readonly overflow: () => void;
}

/** Keeps answers in the order of the frames, and events behind the answers they must not overtake. */
export interface SocketIntake {
  readonly take: (text: string) => void;
  /** Writes something out now, or once everything that was taken before is answered. */
  readonly pass: (write: () => void) => void;
  readonly busy: () => boolean;
}

const UNDER_WAY_MOST = 64;
const HELD_MOST = 10_000;

/**
 * An event waits for the answers to all frames that came before it: whatever its rid, its confirm is then out first,
 * and the order of events stays. A socket that sends faster than its activities are taken is not read meanwhile.
 */
export function socketIntake({ ws, submit, answer, overflow }: SocketIntakeDeps): SocketIntake {
  let taken = 0;
  let answered = 0;
  let held: Array<{ readonly after: number; readonly write: () => void }> = [];
  let turn = Promise.resolve();

  function release(): void {
    answered++;
    const due = held.filter(({ after }) => after <= answered);
    held = held.slice(due.length);
    for (const { write } of due) write();
    if (ws.isPaused && taken - answered < UNDER_WAY_MOST / 2) ws.resume();
  }
  return {
    take: (text) => {
      taken++;
      const answers = submit(text);
      turn = turn.then(async () => {
        answer(await answers);
        release();
      });
      if (taken - answered >= UNDER_WAY_MOST && !ws.isPaused) ws.pause();
    },
    pass: (write) => {
      if (taken === answered) write();
      else if (held.length < HELD_MOST) held.push({ after: taken, write });
      else overflow();
    },
    busy: () => taken !== answered,
  };
}
