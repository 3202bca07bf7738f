import { describe, expect, it } from "vitest";
import { eventLine } from "../../../src/cli/activity-lines.ts";

const head = {
  rid: "r1",
  id: "01ID",
  platform: "email",
  verb: "send",
  actor: { address: "shop@example.org" },
  published: "2030-01-01T00:00:00.000Z",
} as const;

describe("eventLine", () => {
  it("tells a result with the reason of the target that failed", () => {
    const error = { code: "recipient-unknown", detail: "Nobody there.", retryable: false, platformCode: "550 5.1.1" };
    const target = [
      { address: "ann@example.org", status: "sent" },
      { address: "zoe@example.org", status: "failed", error },
    ];
    expect(eventLine({ ...head, type: "result", status: "partial", target, object: {}, attempts: 1 })).toBe(
      "2030-01-01T00:00:00.000Z  result  email  partial  send  shop@example.org -> ann@example.org, zoe@example.org  r1  " +
        "recipient-unknown: Nobody there. (550 5.1.1)",
    );
  });

  it("tells changes of accounts and hooks", () => {
    const { platform, actor, published } = head;
    expect(eventLine({ type: "session", platform, actor, published, state: "online" })).toBe(
      "2030-01-01T00:00:00.000Z  session  email  online  shop@example.org",
    );
    const error = { code: "hook-failing", detail: "It failed for a day.", retryable: false };
    expect(eventLine({ type: "hook", name: "crm", state: "disabled", error, published })).toBe(
      "2030-01-01T00:00:00.000Z  hook  disabled  crm  hook-failing: It failed for a day.",
    );
  });

  it("lets no network's words steer the terminal", () => {
    const actor = { address: "x\u001b[2J\r\nforged line" };
    const target = [{ address: "me" }];
    const event = { type: "activity", platform: "irc", verb: "send", actor, target, object: {} } as const;
    expect(eventLine({ ...event, published: head.published, received: head.published })).not.toMatch(/\p{Cc}/u);
  });
});
