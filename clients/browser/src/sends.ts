import type { Activity, Result } from "../dragoman.d.ts";
import { rest, sleep } from "./pause.ts";
import { type Call, type DragomanError, type Init, isFinal } from "./request.ts";

/** Activities on their way, until their result is known. */
export interface Sends {
  /** A result has come. */
  readonly settle: (result: Result) => void;
  readonly send: (activity: Activity) => Promise<Result>;
  /** Nobody waits any more. */
  readonly leave: (error: unknown) => void;
}

/** Who waits for an rid: how to resolve and how to reject. */
type Waiter = readonly [(result: Result) => void, (error: unknown) => void];

export function sends(call: Call, isLive: () => boolean): Sends {
  const open = new Map<string, Waiter>();
  const headers = { "Content-Type": "application/json" };

  const settle = (result: Result) => {
    open.get(`${result.rid}`)?.[0](result);
    open.delete(`${result.rid}`);
  };

  /** Posts, then asks from time to time: the result comes as an event, unless it came before or none can come. */
  async function carry(rid: string, init: Init): Promise<void> {
    let path = "/activities";
    let how: Init | undefined = init;
    for (let failures = 0; open.has(rid); ) {
      try {
        const answer = await call(path, "send", how);
        const { result } = await answer.json();
        if (result) settle(result);
        path = `/activities/${rid}`;
        how = undefined;
        failures = 0;
        await sleep(answer.headers.get("Idempotent-Replayed") ? 0 : isLive() ? 15_000 : 2_000);
      } catch (error) {
        if (isFinal(error)) throw error;
        await rest(failures++, (error as DragomanError).restSeconds);
      }
    }
  }

  return {
    settle,
    send: (activity) => {
      const rid = `${activity.rid ?? `web-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`}`;
      return new Promise((resolve, reject) => {
        open.set(rid, [resolve, reject]);
        const body = JSON.stringify({ ...activity, rid });
        carry(rid, { method: "POST", headers, body }).catch((error) => {
          open.delete(rid);
          reject(error);
        });
      });
    },
    leave: (error) => {
      for (const [, reject] of open.values()) reject(error);
      open.clear();
    },
  };
}
