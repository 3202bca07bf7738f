/** A script call before it is sent. */
export interface GroupedCall {
  /** Keys; all calls of a group have the same hash tag. */
  readonly keys: readonly string[];
  readonly args: ReadonlyArray<string | number | Buffer>;
}

/** Sends calls as one script call; each gets its own answer or error. */
export type SendGroup = (calls: readonly GroupedCall[]) => Promise<readonly CallOutcome[]>;

export type CallOutcome = { readonly answer: unknown } | { readonly error: Error };

/** Maximum number of calls in a group. A script blocks Redis: 50 calls take some milliseconds. */
const MAX_CALLS = 50;
/** Maximum bytes of arguments in a group; a call of this size goes alone. */
const MAX_BYTES = 262_144;
interface Waiting extends GroupedCall {
  readonly bytes: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Groups calls that come in one turn of the event loop. Each group is one script call. No call waits longer: Redis syncs
 * the disk once for all that arrived meanwhile, so that a wait for the group before would cost a sync more.
 */
export function groupCommit(send: SendGroup): (call: GroupedCall) => Promise<unknown> {
  const waiting = new Map<string, Waiting[]>();

  function flush(tag: string): void {
    const calls = waiting.get(tag) ?? [];
    waiting.delete(tag);
    for (const group of groupsOf(calls)) void sendGroup(send, group);
  }

  return (call) =>
    new Promise((resolve, reject) => {
      const tag = tagOf(call.keys[0] ?? "");
      const entry = { keys: call.keys, args: call.args, bytes: bytesOf(call), resolve, reject };
      const calls = waiting.get(tag);
      if (calls !== undefined) return void calls.push(entry);
      waiting.set(tag, [entry]);
      setImmediate(flush, tag);
    });
}

async function sendGroup(send: SendGroup, calls: readonly Waiting[]): Promise<void> {
  try {
    settle(calls, await send(calls));
  } catch (error) {
    for (const { reject } of calls) reject(error);
  }
}

function settle(calls: readonly Waiting[], outcomes: readonly CallOutcome[]): void {
  for (const [index, call] of calls.entries()) {
    const outcome = outcomes[index];
    if (outcome === undefined) call.reject(new Error("a call of a group got no answer"));
    else if ("error" in outcome) call.reject(outcome.error);
    else call.resolve(outcome.answer);
  }
}

/** Divides calls, in their order, into groups within the bounds. */
function groupsOf(calls: readonly Waiting[]): Waiting[][] {
  const groups: Waiting[][] = [];
  let bytes = 0;
  for (const call of calls) {
    const last = groups.at(-1);
    bytes += call.bytes;
    if (last === undefined || last.length >= MAX_CALLS || bytes > MAX_BYTES) {
      groups.push([call]);
      bytes = call.bytes;
    } else last.push(call);
  }
  return groups;
}

function bytesOf({ args }: GroupedCall): number {
  let bytes = 0;
  for (const arg of args) bytes += typeof arg === "number" ? 8 : arg.length;
  return bytes;
}

/** Returns a key's hash tag, by which Redis Cluster chooses the slot. */
function tagOf(key: string): string {
  const start = key.indexOf("{");
  const end = key.indexOf("}", start);
  return start < 0 || end <= start + 1 ? key : key.slice(start + 1, end);
}
