import type { DeliveryReceipt, ReadUpTo } from "../../../platform/connection.ts";
import type { InboundEvent } from "../../../platform/platform.ts";
import type { Item } from "./item.ts";

/** What one item of a push brings: nothing where it is of no kind that we know. */
export interface Brought {
  readonly arrival?: InboundEvent;
  readonly report?: DeliveryReceipt | ReadUpTo;
}

/** Where an item was found. */
export interface PushedTo {
  readonly page: string;
  readonly app: string;
  /** The entry's time, as it came. */
  readonly time: unknown;
}

/** An item that arrived at a Page. */
export function arrived(key: string, page: string, item: Item): Brought {
  return { arrival: { key, event: { platform: "facebook", target: [{ address: page }], ...item } } };
}
