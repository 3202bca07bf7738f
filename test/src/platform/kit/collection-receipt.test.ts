import { describe, expect, it } from "vitest";
import { collectionReceipt, fitItems } from "../../../../src/platform/kit/collection-receipt.ts";

const outcomes = [{ address: "a", status: "sent" }] as const;
const collection = (address: string) => ({ type: "collection", address, items: [1, 2], next: "3" }) as const;

describe("collectionReceipt", () => {
  it("returns one collection without the address for a single target", () => {
    const receipt = collectionReceipt({ target: [{ address: "a" }] }, { outcomes, values: [collection("a")] });
    expect(receipt).toEqual({ outcomes, object: { type: "collection", items: [1, 2], next: "3" } });
  });

  it("returns a collection of collections with addresses for several targets", () => {
    const target = [{ address: "a" }, { address: "b" }];
    const values = [collection("a"), collection("b")];
    expect(collectionReceipt({ target }, { outcomes, values }).object).toEqual({ type: "collection", items: values });
  });

  it("has no object where the only target failed", () => {
    expect(collectionReceipt({ target: [{ address: "a" }] }, { outcomes, values: [] })).toEqual({ outcomes });
  });
});

describe("fitItems", () => {
  it("keeps as many items from the front as fit", () => {
    expect(fitItems(["aaaa", "bbbb", "c"], 14)).toEqual(["aaaa", "bbbb"]);
    expect(fitItems(["aaaa"], 3)).toEqual([]);
    expect(fitItems(["a", "b"], 100)).toEqual(["a", "b"]);
  });
});
