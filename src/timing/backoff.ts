/** Options of an exponential backoff. */
export interface BackoffOptions {
  /** Delay before the first retry, in milliseconds, before jitter. */
  readonly baseMs: number;
  /** Upper bound of the delay, in milliseconds, before jitter. */
  readonly maxMs: number;
  /** Range of the random factor that spreads retries over time; default half to full delay. */
  readonly jitter?: readonly [min: number, max: number];
  /** Source of randomness, 0 to 1; tests replace it. */
  readonly random?: () => number;
}

/** Largest exponent; beyond it the delay exceeds every bound in use. */
const MAX_EXPONENT = 20;

/**
 * Returns the delay before a retry: exponential from `baseMs`, capped at `maxMs`, with jitter.
 * The returned function takes the number of failures so far (1 after the first) and answers milliseconds.
 */
export function backoff(options: BackoffOptions): (failures: number) => number {
  const { baseMs, maxMs, jitter = [0.5, 1], random = Math.random } = options;
  const [min, max] = jitter;
  return (failures) => {
    const exponent = Math.min(Math.max(failures - 1, 0), MAX_EXPONENT);
    const delay = Math.min(maxMs, baseMs * 2 ** exponent);
    return Math.round(delay * (min + random() * (max - min)));
  };
}
