import type { DeliveryReceipt, ReadUpTo } from "../../../platform/connection.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import type { Item } from "./item.ts";

/** What one item of a push brings: nothing where it is of no kind that we know. */
export interface InboundResult {
  readonly event?: InboundEvent;
  readonly receipt?: DeliveryReceipt | ReadUpTo;
}

/** Where an item was found. */
export interface EntryContext {
  readonly page: string;
  readonly app: string;
  /** The entry's time, as it came. */
  readonly time: unknown;
}

/** An item that arrived at a Page. */
export function inboundEvent(key: string, page: string, item: Item): InboundResult {
  return { event: { key, event: { platform: "facebook", target: [{ address: page }], ...item } } };
}
