import { describe, expect, it } from "vitest";
import { ReconnectBackoff } from "../../../src/connections/reconnect-backoff.ts";

describe("ReconnectBackoff", () => {
  it("doubles from one second to five minutes, and jitter only shortens", () => {
    const [longest, shortest] = [new ReconnectBackoff(() => 1), new ReconnectBackoff(() => 0)];
    const delays = Array.from({ length: 1_000 }, () => longest.failed());
    expect([1, 2, 3, 8, 9, 10, 1_000].map((failures) => delays[failures - 1])).toEqual([
      1_000, 2_000, 4_000, 128_000, 256_000, 300_000, 300_000,
    ]);
    for (const delay of delays) expect(shortest.failed()).toBe(delay / 2);
  });

  it("starts over after a successful connection", () => {
    const backoff = new ReconnectBackoff(() => 1);
    backoff.failed();
    backoff.failed();
    backoff.reset();
    expect(backoff.hasFailed).toBe(false);
    expect(backoff.failed()).toBe(1_000);
  });
});
