import { describe, expect, it } from "vitest";
import { statePublisher } from "../../../src/connections/state-publisher.ts";
import type { SessionEvent } from "../../../src/model/event.ts";
import { Failure } from "../../../src/model/failure.ts";

const account = { platform: "fake", address: "a", version: "1", online: true, state: "stored" };
const silent = new Failure({ kind: "retryable", code: "platform-timeout", detail: "The archive does not answer." });

function publisher() {
  const events: SessionEvent[] = [];
  const publishState = async (_owner: unknown, event: SessionEvent, isSilent: boolean): Promise<boolean> => {
    if (!isSilent) events.push(event);
    return true;
  };
  return { events, ...statePublisher({ publishState }, { app: "app", id: "id", fence: 1 }) };
}

describe("StatePublisher", () => {
  it("publishes trouble of an online account, and its end", async () => {
    const { events, publish, publishProblem } = publisher();
    await publish(account, "online");
    await publishProblem(account, silent);
    await publishProblem(account, undefined);
    expect(events.map(({ state, error }) => [state, error?.code])).toEqual([
      ["online", undefined],
      ["online", "platform-timeout"],
      ["online", undefined],
    ]);
  });

  it("ignores trouble of an account that is not online", async () => {
    const { events, publish, publishProblem } = publisher();
    await publishProblem(account, silent);
    await publish(account, "offline", silent);
    await publishProblem(account, silent);
    expect(events.map(({ state }) => state)).toEqual(["offline"]);
  });
});
