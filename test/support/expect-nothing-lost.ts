import { expect } from "vitest";
import type { DeliveryAudit } from "./delivery-audit.ts";

/** Asserts the promises that hold after any kill. */
export function expectNothingLost(verdict: DeliveryAudit): void {
  const {
    duplicated: dup,
    lost,
    unexpected: ghost,
    falselySent: liar,
    withoutSingleResult: silent,
    failed,
    statusMismatches: disagree,
    effectsOutOfOrder: inversions,
    eventsOutOfOrder: unordered,
    refused,
  } = verdict;
  const nothing = { dup: [], lost: [], ghost: [], liar: [], silent: [], failed: [], disagree: [], inversions: [] };
  expect({ dup, lost, ghost, liar, silent, failed, disagree, inversions }).toEqual(nothing);
  expect(unordered).toEqual([]);
  expect(refused).toBe(0);
}
