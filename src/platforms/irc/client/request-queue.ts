import type { IrcMessage } from "irc-framework";
import { fairSemaphore } from "../../../platform/kit/semaphore.ts";
import { concerns } from "./coded-error.ts";
import {
  type IrcResponse,
  type ResponseCollector,
  type ResponseCollectorOptions,
  responseCollector,
} from "./response-collector.ts";
import type { TokenBucket } from "./token-bucket.ts";

export interface IrcRequest {
  readonly lines: readonly string[];
  readonly signal: AbortSignal;
  /** Awaited when the request's turn has come, before the first byte. */
  readonly beforeSend?: (() => Promise<void>) | undefined;
  /** Called when the first byte is written. */
  readonly onWrite?: () => void;
}

/** Queue of commands, one request at a time, so that each refusal has an owner. */
export interface RequestQueue {
  /** Sends a request. Rejects with the connection's end, the signal's reason or the error of `beforeSend`. */
  readonly request: (request: IrcRequest) => Promise<IrcResponse>;
  /** Offers a message of the server; returns true where the message answers a request. */
  readonly take: (message: IrcMessage) => boolean;
  /** Returns whether a refusal is about the current request. */
  readonly isConcerned: (refusal: IrcMessage) => boolean;
  /** Ends all pending requests. */
  readonly end: (thrown: unknown) => void;
}

export interface RequestQueueOptions extends Omit<ResponseCollectorOptions, "lines" | "usesLabels"> {
  readonly bucket: TokenBucket;
  /** Returns whether the server repeats labels (IRCv3 labeled-response). */
  readonly hasLabels: () => boolean;
  readonly write: (line: string) => void;
}

export function requestQueue(options: RequestQueueOptions): RequestQueue {
  const semaphore = fairSemaphore(1);
  let current: ResponseCollector | undefined;
  let ended: { readonly thrown: unknown } | undefined;

  const throwIfEnded = (): void => {
    if (ended) throw ended.thrown;
  };

  async function sendLines(collector: ResponseCollector, { signal, beforeSend, onWrite }: IrcRequest): Promise<void> {
    for (const [index, line] of collector.lines.entries()) {
      await options.bucket.take(signal);
      throwIfEnded();
      if (index === 0) {
        await beforeSend?.();
        signal.throwIfAborted();
        throwIfEnded();
        current = collector;
        onWrite?.();
      }
      collector.onSent();
      options.write(line);
    }
  }

  async function collect(request: IrcRequest, collector: ResponseCollector): Promise<IrcResponse> {
    await sendLines(collector, request);
    return collector.done;
  }

  return {
    request: async (request) => {
      throwIfEnded();
      await semaphore.acquire(request.signal);
      const collector = responseCollector({ ...options, lines: request.lines, usesLabels: options.hasLabels() });
      // The turn lasts until the server has answered, also when the caller has stopped waiting.
      const work = collect(request, collector).finally(() => {
        collector.end(undefined);
        current = undefined;
        semaphore.release();
      });
      return untilAborted(work, request.signal);
    },
    take: (message) => current?.take(message) ?? false,
    isConcerned: (refusal) => current !== undefined && concerns(refusal, current.commands),
    end: (thrown) => {
      ended ??= { thrown };
      current?.end(thrown);
    },
  };
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
