import { describe, expect, it } from "vitest";
import { Failure } from "../../../../src/model/failure.ts";
import { performOnce } from "../../../../src/platform/kit/perform-once.ts";

const target = [{ address: "#lobby" }];
const classifyError = (thrown: unknown) => thrown as Failure;
const duplicate = new Failure({ kind: "permanent", code: "duplicate-content", detail: "Posted before." });
const contextOf = (pending: readonly number[], attempt = 1) => {
  const commits: number[] = [];
  return { commits, context: { pending, attempt, commit: async () => void commits.push(commits.length) } };
};

describe("performOnce", () => {
  it("commits once and adds the id to every pending target and the result", async () => {
    const { commits, context } = contextOf([0]);
    const receipt = await performOnce({ target }, context, { classifyError }, async (beforeSend) => {
      await beforeSend();
      await beforeSend();
      return "17";
    });
    expect(receipt).toEqual({ outcomes: [{ address: "#lobby", status: "sent", id: "17" }], object: { id: "17" } });
    expect(commits).toHaveLength(1);
  });

  it("accepts no target and no id", async () => {
    const { context } = contextOf([]);
    expect(await performOnce({ target: [] }, context, { classifyError }, async () => undefined)).toEqual({
      outcomes: [],
    });
  });

  it("counts duplicate-content as sent from the second attempt on", async () => {
    const action = () => Promise.reject(duplicate);
    await expect(performOnce({ target }, contextOf([0]).context, { classifyError }, action)).rejects.toBe(duplicate);
    expect(await performOnce({ target }, contextOf([0], 2).context, { classifyError }, action)).toEqual({
      outcomes: [{ address: "#lobby", status: "sent" }],
    });
  });
});
