import type { WebSocket } from "ws";
import type { ItemAnswer } from "../http/submit-items.ts";

export interface WebSocketReceiverDeps {
  readonly ws: Pick<WebSocket, "pause" | "resume" | "isPaused">;
  readonly submit: (frame: Buffer) => Promise<readonly ItemAnswer[]>;
  readonly answer: (answers: readonly ItemAnswer[]) => void;
  /** Too much is held back. */
  readonly overflow: () => void;
}

/** Keeps answers in the order of frames, and events behind their answers. */
export interface WebSocketReceiver {
  readonly receive: (frame: Buffer) => void;
  /** Writes something out now, or once everything that was taken before is answered. */
  readonly afterAnswers: (write: () => void) => void;
  readonly busy: () => boolean;
}

const MAX_UNANSWERED = 64;
const MAX_DELAYED = 10_000;

/**
 * An event waits for the answers to all frames that came before it. Whatever its rid, its confirm is then out first,
 * and the order of events stays. A socket that sends faster than its activities are taken is not read meanwhile.
 */
export function webSocketReceiver({ ws, submit, answer, overflow }: WebSocketReceiverDeps): WebSocketReceiver {
  let taken = 0;
  let answered = 0;
  let pendingFrames: Array<{ readonly after: number; readonly write: () => void }> = [];
  let lastTurn = Promise.resolve();

  function release(): void {
    answered++;
    const due = pendingFrames.filter(({ after }) => after <= answered);
    pendingFrames = pendingFrames.slice(due.length);
    for (const { write } of due) write();
    if (ws.isPaused && taken - answered < MAX_UNANSWERED / 2) ws.resume();
  }
  return {
    receive: (frame) => {
      taken++;
      const answers = submit(frame);
      lastTurn = lastTurn.then(async () => {
        answer(await answers);
        release();
      });
      if (taken - answered >= MAX_UNANSWERED && !ws.isPaused) ws.pause();
    },
    afterAnswers: (write) => {
      if (taken === answered) write();
      else if (pendingFrames.length < MAX_DELAYED) pendingFrames.push({ after: taken, write });
      else overflow();
    },
    busy: () => taken !== answered,
  };
}
