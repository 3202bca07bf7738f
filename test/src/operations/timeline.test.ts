import { expect, it } from "vitest";
import { timelineOf } from "../../../src/operations/timeline.ts";

it("timelineOf keeps the order of steps where clocks differ by some milliseconds", () => {
  const record = {
    id: "id",
    rid: "r",
    platform: "email",
    verb: "send",
    lane: "",
    status: "sent",
    attempts: 2,
    acceptedAt: 1_000,
    dueAt: 1_000,
    expiresAt: 9_000,
    committed: true,
    committedAt: 3_002,
    actor: { address: "a" },
    target: [{ address: "b" }],
    outcomes: [],
    notes: [
      { step: "deferred", at: 2_000, attempts: 1, retryAt: 3_000 },
      { step: "receipt", at: 3_000, status: "delivered", target: ["b"] },
    ],
    result: {
      type: "result",
      rid: "r",
      id: "id",
      platform: "email",
      verb: "send",
      status: "sent",
      actor: { address: "a" },
      target: [{ address: "b", status: "sent" }],
      object: {},
      attempts: 2,
      published: new Date(3_001).toISOString(),
    },
  } as const;
  expect(timelineOf(record).map(({ step }) => step)).toEqual(["accepted", "deferred", "sending", "result", "receipt"]);
});
