import type { Answer } from "./query.ts";

const MIN_TTL_SECONDS = 5;
const MAX_TTL_SECONDS = 300;
/** Time for which a failed query is repeated from the cache. */
const FAILURE_TTL_SECONDS = 2;
const MAX_ENTRIES = 10_000;

interface CachedAnswer {
  readonly answer: Promise<Answer>;
  expiresAt: number;
}

/** Cache of answers by name. Queries under way are shared; TTLs are held between 5 s and 5 minutes. */
export class AnswerCache {
  readonly #entries = new Map<string, CachedAnswer>();
  readonly #now: () => number;

  /** Takes the clock, in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Returns the cached answer, or that of `query`; failures are cached for a moment. */
  get(name: string, query: () => Promise<Answer>): Promise<Answer> {
    const known = this.#entries.get(name);
    if (known && this.#now() < known.expiresAt) return known.answer;
    const answer = query();
    const entry: CachedAnswer = { answer, expiresAt: Number.POSITIVE_INFINITY };
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    answer.then(
      ({ ttlSeconds }) => this.#expire(entry, Math.min(MAX_TTL_SECONDS, Math.max(MIN_TTL_SECONDS, ttlSeconds))),
      () => this.#expire(entry, FAILURE_TTL_SECONDS),
    );
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > MAX_ENTRIES && oldest !== undefined) this.#entries.delete(oldest);
    return answer;
  }

  /** Returns the answer of an earlier query, if one still holds or is under way. */
  peek(name: string): Promise<Answer> | undefined {
    const known = this.#entries.get(name);
    return known && this.#now() < known.expiresAt ? known.answer : undefined;
  }

  #expire(entry: CachedAnswer, seconds: number): void {
    entry.expiresAt = this.#now() + seconds * 1_000;
  }
}
