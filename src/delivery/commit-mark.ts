import { statusEvent } from "../model/event-builders.ts";
import { Failure } from "../model/failure.ts";
import type { LaneItem, Outbox } from "../outbox/outbox.ts";
import type { CommitOptions } from "../platform/platform.ts";

/** Age at which a commit's answer is stale. A lane's lock lasts 8 s, so its owner can't change in less. */
const MAX_ANSWER_AGE_MS = 3_000;

/** Commit of one attempt. Refuses after `close`, so that an abandoned verb sends nothing. */
export class CommitMark {
  readonly #outbox: Outbox;
  readonly #item: LaneItem;
  readonly #now: () => number;
  #isClosed = false;
  #isCommitted = false;
  #refusal: "lost" | "over" | undefined;
  #fault: unknown;

  constructor(outbox: Outbox, item: LaneItem, now: () => number) {
    this.#outbox = outbox;
    this.#item = item;
    this.#now = now;
  }

  get isCommitted(): boolean {
    return this.#isCommitted;
  }

  /** Reason for which the outbox refused the commit. */
  get refusal(): "lost" | "over" | undefined {
    return this.#refusal;
  }

  /** Error of Redis during the commit. */
  get fault(): unknown {
    return this.#fault;
  }

  /** Writes the mark; rejects with a `Failure` `abandoned` where nothing may be sent. */
  async commit(options: CommitOptions = {}): Promise<void> {
    if (this.#isClosed) throw abandoned();
    const { activity, ridAsSent, outcomes } = this.#item;
    const event = statusEvent(activity, ridAsSent, { status: "sending", outcomes, now: this.#now() });
    let answer: Awaited<ReturnType<Outbox["commit"]>>;
    let askedAt: number;
    do {
      askedAt = performance.now();
      answer = await this.#outbox.commit(this.#item, event, options).catch((error: unknown) => {
        this.#fault = error;
        throw abandoned();
      });
      // A process that was frozen reads a stale answer: another worker may have taken the lane meanwhile.
    } while (answer === "committed" && performance.now() - askedAt > MAX_ANSWER_AGE_MS);
    if (answer === "committed") this.#isCommitted = true;
    else this.#refusal = answer;
    if (this.#refusal || this.#isClosed) throw abandoned();
  }

  close(): void {
    this.#isClosed = true;
  }
}

function abandoned(): Failure {
  return new Failure({
    kind: "permanent",
    code: "abandoned",
    detail: "The activity was cancelled, expired or taken over.",
  });
}
