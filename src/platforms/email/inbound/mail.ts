import { extname } from "node:path";
import { Failure } from "../../../model/failure.ts";
import { type WorkerPool, workerPool } from "../../../platform/kit/worker-threads.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import type { ArrivedMail, MailTask } from "./mail-schema.ts";

/** Turns raw mail (RFC 5322) into what an event carries, away from the event loop. */
export interface MailReader {
  /**
   * Reads a mail, whatever its bytes are; what takes more than the limits comes with its headers only and is marked
   * `truncated`. Rejects with the signal's reason, or with a retryable `Failure` when no thread could be started.
   */
  readonly read: (source: Buffer, signal: AbortSignal) => Promise<ArrivedMail>;
  readonly threads: () => number;
  readonly close: () => Promise<void>;
}

/** Bytes of a mail that are read; what comes after is as if it were not there. */
export const MOST_MAIL_BYTES = 25 * 1024 * 1024;
const LIMIT_MS = 5_000;
const LIMITS = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };
/** Bytes of a header that are looked at when the whole was too much. */
const HEAD_BYTES = 65_536;

/** Keeps up to `most` threads that read arrived mail, `limitMs` for each mail at most; they start with the first mail. */
export function mailReader(most = 2, limitMs = LIMIT_MS): MailReader {
  const file = new URL(`./mail-thread${extname(import.meta.url)}`, import.meta.url);
  const pool = workerPool<MailTask, ArrivedMail>({
    file,
    max: most,
    limitMs,
    limits: LIMITS,
    onLimitExceeded: tooMuch,
    onStartFailure: broken,
  });
  return { read: (source, signal) => readWith(pool, source, signal), threads: pool.count, close: pool.close };
}

/** What a mail's arrival needs to be told beyond the mail itself. */
export interface Letterbox {
  /** The network's own id of the mail: an account gets each only once. */
  readonly key: string;
  /** The account's address as stored. */
  readonly account: string;
  /** When it came, as far as the server tells; stands in for a missing or future date. */
  readonly received?: Date;
  readonly note?: InboundEvent["state"];
}

/** A mail as the inbound activity that its account gets. */
export function mailArrival(mail: ArrivedMail, { key, account, received = new Date(), note }: Letterbox): InboundEvent {
  const { actor, object, context, date } = mail;
  const own = account.toLowerCase();
  const named = (["to", "cc"] as const)
    .flatMap((field) => (object[field] ?? []).map((person) => ({ ...person, field })))
    .find(({ address }) => address.toLowerCase() === own);
  const sent = date !== undefined && Date.parse(date) < received.getTime() + 86_400_000 ? date : received.toISOString();
  return {
    key,
    event: {
      platform: "email",
      verb: "send",
      actor,
      target: [{ ...named, address: account }],
      object: { ...object },
      ...(context === undefined ? {} : { context: { ...context } }),
      ...(object.id === undefined ? {} : { id: object.id }),
      published: sent,
      ...(actor.address.toLowerCase() === own ? { self: true } : {}),
    },
    ...(note === undefined ? {} : { state: note }),
  };
}

async function readWith(
  pool: WorkerPool<MailTask, ArrivedMail>,
  source: Buffer,
  signal: AbortSignal,
): Promise<ArrivedMail> {
  const cut = source.length > MOST_MAIL_BYTES;
  const tries = [
    { source: alone(source.subarray(0, MOST_MAIL_BYTES)), truncated: cut },
    { source: alone(headOf(source)), truncated: true },
  ];
  for (const task of tries) {
    try {
      return await pool.run(task, signal);
    } catch (thrown) {
      signal.throwIfAborted();
      if (thrown instanceof Failure && thrown.kind === "retryable") throw thrown;
    }
  }
  return { actor: { address: "<>" }, object: { type: "message", truncated: true } };
}

/** A view's whole memory would be copied with it; this is the view alone. */
function alone(view: Buffer): Uint8Array {
  return view.byteLength === view.buffer.byteLength ? view : Uint8Array.prototype.slice.call(view);
}

function headOf(source: Buffer): Buffer {
  const start = source.subarray(0, HEAD_BYTES);
  const ends = ["\r\n\r\n", "\n\n"].map((end) => start.indexOf(end)).filter((at) => at >= 0);
  return start.subarray(0, Math.min(start.length, ...ends));
}

function tooMuch(cause: unknown): Failure {
  const detail = "The mail takes more time or memory to read than a mail may.";
  return new Failure({ kind: "permanent", code: "platform-protocol-error", detail, cause });
}

function broken(cause: unknown): Failure {
  const detail = "The thread that reads mail could not be started; tell the operator.";
  return new Failure({ kind: "retryable", code: "internal-error", detail, cause });
}
