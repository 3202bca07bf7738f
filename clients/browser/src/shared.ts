import type { State } from "../dragoman.d.ts";
import { rest } from "./pause.ts";
import type { Frame } from "./transports.ts";

export interface SharedDeps {
  /** True for a cursor that this tab has passed. */
  readonly passed: (cursor: string | undefined) => boolean;
  readonly place: () => { readonly state: State; readonly cursor: string | undefined };
  readonly setState: (state: State) => void;
  readonly handle: (frame: Frame) => void;
  /** Asks the gateway itself for what comes after this tab's cursor. */
  readonly fetchMissed: () => Promise<void>;
  /** Keeps the connection for all tabs. */
  readonly lead: () => Promise<void>;
}

/** What the leader tells the others; it names the cursor before the frame, so that a hole is noticed. */
interface Told {
  readonly state: State;
  readonly cursor: string | undefined;
  readonly frame?: Frame;
}

export interface Tabs {
  /** Tells the others a frame, or the state alone; with the place before it. */
  readonly tell: (told: Told) => void;
  readonly leave: () => void;
}

/** One connection for all tabs: the one that holds the lock has it, the others hear of it. */
export function shared(name: string | false, deps: SharedDeps): Tabs {
  const { passed, place, setState, handle, fetchMissed, lead } = deps;
  // Web Locks are there on HTTPS and on localhost only.
  const locks = name && navigator.locks;
  const channel = locks ? new BroadcastChannel(name) : undefined;
  const stop = new AbortController();
  let leads = false;
  let catching: Promise<void> | undefined;
  let more = false;

  async function catchUp(): Promise<void> {
    for (let failures = 0; more && !leads && !stop.signal.aborted; ) {
      more = false;
      const before = place().cursor;
      try {
        await fetchMissed();
        more ||= place().cursor !== before;
      } catch {
        more = true;
        await rest(failures++);
      }
    }
    catching = undefined;
  }

  const hear = ({ state, cursor, frame }: Told) => {
    setState(state);
    if (catching || (place().cursor && !passed(cursor))) {
      more = true;
      catching ??= catchUp();
    } else if (!passed(frame?.cursor)) handle(frame ?? { type: "position", cursor: cursor as string });
  };

  if (channel) {
    channel.onmessage = ({ data }: MessageEvent<Told | 0>) => {
      // What an earlier leader said last comes again from the gateway.
      if (!data) leads && channel.postMessage(place());
      else if (!leads) hear(data);
    };
    channel.postMessage(0);
    (locks as LockManager)
      .request(name as string, { signal: stop.signal }, async () => {
        leads = true;
        await catching;
        await lead();
      })
      .catch(() => {});
  } else lead();

  return {
    tell: (told) => channel?.postMessage(told),
    leave: () => {
      stop.abort();
      channel?.close();
    },
  };
}
