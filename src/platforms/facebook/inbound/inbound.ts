import type { DeliveryReceipt, InboundEvent, ReadUpTo } from "../../../platform/platform.ts";
import type { Item } from "./item.ts";

/** Result of reading one item of a webhook request: an event, a receipt or neither. */
export interface InboundResult {
  readonly event?: InboundEvent;
  readonly receipt?: DeliveryReceipt | ReadUpTo;
}

/** Facts about the entry that an item belongs to. */
export interface EntryContext {
  readonly page: string;
  readonly app: string;
  /** The entry's time as received. */
  readonly time: unknown;
  /** True where another app answers the conversation, and this one only listens. */
  readonly isStandby?: boolean;
}

/** Returns the event of an item that a Page received. */
export function inboundEvent(key: string, page: string, item: Item): InboundResult {
  return { event: { key, event: { platform: "facebook", target: [{ address: page }], ...item } } };
}
