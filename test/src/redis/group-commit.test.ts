import { describe, expect, it } from "vitest";
import { type GroupedCall, groupCommit, type SendGroup } from "../../../src/redis/group-commit.ts";

const call = (key: string, ...args: string[]): GroupedCall => ({ keys: [key], args });
const sizes = (groups: ReadonlyArray<readonly GroupedCall[]>): number[] => groups.map((group) => group.length);

/** A sender that notes groups and answers when a test says so. */
function noting() {
  const groups: Array<readonly GroupedCall[]> = [];
  const answers: Array<() => void> = [];
  const send: SendGroup = (calls) => {
    groups.push(calls);
    return new Promise((resolve) => answers.push(() => resolve(calls.map(({ args }) => ({ answer: args[0] })))));
  };
  const answerNext = async (): Promise<void> => {
    while (answers.length === 0) await new Promise(setImmediate);
    answers.shift()?.();
  };
  return { groups, send, answerNext };
}

describe("groupCommit", () => {
  it("sends calls of one turn together, in their order, and gives each its answer", async () => {
    const { groups, send, answerNext } = noting();
    const submit = groupCommit(send);
    const all = Promise.all(["a", "b", "c"].map((name) => submit(call("{t}:k", name))));
    await answerNext();
    expect(await all).toEqual(["a", "b", "c"]);
    expect(sizes(groups)).toEqual([3]);
  });

  it("does not wait for the answer to the group before", async () => {
    const { groups, send, answerNext } = noting();
    const submit = groupCommit(send);
    const first = submit(call("{t}:k", "first"));
    while (groups.length === 0) await new Promise(setImmediate);
    const later = Promise.all([submit(call("{t}:k", "x")), submit(call("{t}:k", "y"))]);
    while (groups.length === 1) await new Promise(setImmediate);
    await answerNext();
    await answerNext();
    expect(await first).toBe("first");
    expect(await later).toEqual(["x", "y"]);
    expect(sizes(groups)).toEqual([1, 2]);
  });

  it("keeps calls of different hash tags apart", async () => {
    const { groups, send, answerNext } = noting();
    const submit = groupCommit(send);
    const all = Promise.all([submit(call("{t}:k", "1")), submit(call("{u}:k", "2")), submit(call("{t}:l", "3"))]);
    await answerNext();
    await answerNext();
    expect(await all).toEqual(["1", "2", "3"]);
    expect(groups.map((group) => group.flatMap(({ keys }) => keys))).toEqual([["{t}:k", "{t}:l"], ["{u}:k"]]);
  });

  it("bounds a group in calls and bytes", async () => {
    const { groups, send, answerNext } = noting();
    const submit = groupCommit(send);
    const large = "x".repeat(200_000);
    const all = Promise.all([
      ...Array.from({ length: 51 }, () => submit(call("{t}:k", "small"))),
      submit(call("{t}:k", large)),
      submit(call("{t}:k", large)),
    ]);
    for (let count = 0; count < 3; count++) await answerNext();
    await all;
    expect(sizes(groups)).toEqual([50, 2, 1]);
  });

  it("rejects all calls of a group that failed, and only one whose own answer is an error", async () => {
    const failing = groupCommit(() => Promise.reject(new Error("away")));
    expect(await Promise.allSettled([failing(call("{t}:k")), failing(call("{t}:k"))])).toMatchObject([
      { reason: { message: "away" } },
      { reason: { message: "away" } },
    ]);
    const partly = groupCommit(async () => [{ answer: 1 }, { error: new Error("bad") }]);
    expect(await Promise.allSettled([partly(call("{t}:k")), partly(call("{t}:k"))])).toMatchObject([
      { value: 1 },
      { reason: { message: "bad" } },
    ]);
  });
});
