import type { IrcMessage } from "irc-framework";
import { toEventError } from "../../../model/failure.ts";
import type { DeliveryReceipt } from "../../../platform/connection.ts";
import { classifyError } from "../errors.ts";
import { refusalError } from "./coded-error.ts";

/** Milliseconds in which a refusal may still be about a message. */
const LATE_REFUSAL_MS = 60_000;
const MAX_TARGETS = 1_000;

interface SentMessage {
  readonly id: string;
  readonly sentAt: number;
}

/**
 * Remembers messages sent through a bouncer. A bouncer answers PING and echoes messages itself, so the network's refusal
 * comes after the result and is reported as a receipt.
 */
export interface SentMessages {
  readonly remember: (address: string, activityId: string) => void;
  /** Returns the receipt of a late refusal. Undefined where no message to that target was sent lately. */
  readonly receiptOf: (refusal: IrcMessage) => DeliveryReceipt | undefined;
}

export function sentMessages(
  fold: (name: string) => string,
  secrets: readonly string[],
  now: () => number = Date.now,
): SentMessages {
  const byTarget = new Map<string, SentMessage & { readonly address: string }>();
  return {
    remember: (address, id) => {
      byTarget.delete(fold(address));
      if (byTarget.size >= MAX_TARGETS) byTarget.delete([...byTarget.keys()][0] ?? "");
      byTarget.set(fold(address), { address, id, sentAt: now() });
    },
    receiptOf: (refusal) => {
      const target = refusal.params.slice(1, -1).find((name) => byTarget.has(fold(name)));
      const message = target === undefined ? undefined : byTarget.get(fold(target));
      if (message === undefined || target === undefined || now() - message.sentAt > LATE_REFUSAL_MS) return undefined;
      byTarget.delete(fold(target));
      const error = toEventError(classifyError(refusalError(refusal, secrets)));
      return { id: message.id, status: "failed", target: message.address, error };
    },
  };
}
