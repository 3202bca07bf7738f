import type { Activity } from "../../model/activity.ts";
import type { Receipt } from "../platform.ts";
import type { Collection } from "../vocabulary/entities.ts";
import type { ReadResult } from "./read-each-target.ts";

/** Bytes of a result that leave room in the 256 KiB of an event. */
export const MAX_RESULT_BYTES = 224 * 1024;

/** Collection with the target that its items belong to. */
export type TargetCollection<Item> = Collection<Item> & { readonly address: string };

/** Returns as many items from the front as fit into so many bytes of JSON. */
export function fitItems<Item>(items: readonly Item[], maxBytes: number): readonly Item[] {
  let remaining = maxBytes;
  const end = items.findIndex((item) => {
    remaining -= Buffer.byteLength(JSON.stringify(item)) + 1;
    return remaining < 0;
  });
  return end < 0 ? items : items.slice(0, end);
}

/** Makes the receipt of a reading verb. One collection for a single target, else a collection of collections. */
export function collectionReceipt<Item>(
  { target }: Pick<Activity, "target">,
  { outcomes, values }: ReadResult<TargetCollection<Item>>,
): Receipt {
  if (target.length > 1) return { outcomes, object: { type: "collection", items: values } };
  const [collection] = values;
  if (!collection) return { outcomes };
  const { address: _, ...object } = collection;
  return { outcomes, object };
}
