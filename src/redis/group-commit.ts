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
/** Longest wait for the answer to the group before. A slow Redis is not waited for twice. */
const MAX_WAIT_MS = 20;

interface Waiting extends GroupedCall {
  readonly bytes: number;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Groups calls of one turn of the event loop, or that come during another group. Each group is one script
 * call. While nothing is under way a call waits for the end of its turn only.
 */
export function groupCommit(send: SendGroup): (call: GroupedCall) => Promise<unknown> {
  const groups = new Map<string, Group>();
  return (call) =>
    new Promise((resolve, reject) => {
      const tag = tagOf(call.keys[0] ?? "");
      let group = groups.get(tag);
      if (group === undefined) {
        group = new Group(send, () => groups.delete(tag));
        groups.set(tag, group);
      }
      group.add({ ...call, bytes: bytesOf(call), resolve, reject });
    });
}

/** Calls of one hash tag. */
class Group {
  readonly #sendGroup: SendGroup;
  readonly #onEmpty: () => void;
  #waiting: Waiting[] = [];
  #underWay = 0;
  #isScheduled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: SendGroup, onEmpty: () => void) {
    this.#sendGroup = send;
    this.#onEmpty = onEmpty;
  }

  add(call: Waiting): void {
    this.#waiting.push(call);
    if (this.#underWay > 0) this.#timer ??= setTimeout(() => this.#flush(), MAX_WAIT_MS);
    else if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => {
        this.#isScheduled = false;
        this.#flush();
      });
    }
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const calls of groupsOf(waiting)) void this.#send(calls);
  }

  async #send(calls: readonly Waiting[]): Promise<void> {
    this.#underWay += 1;
    try {
      settle(calls, await this.#sendGroup(calls));
    } catch (error) {
      for (const { reject } of calls) reject(error);
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) {
        if (this.#waiting.length > 0) this.#flush();
        else if (!this.#isScheduled) this.#onEmpty();
      }
    }
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
  return args.reduce<number>((sum, arg) => sum + (typeof arg === "number" ? 8 : arg.length), 0);
}

/** Returns a key's hash tag, by which Redis Cluster chooses the slot. */
function tagOf(key: string): string {
  const start = key.indexOf("{");
  const end = key.indexOf("}", start);
  return start < 0 || end <= start + 1 ? key : key.slice(start + 1, end);
}
