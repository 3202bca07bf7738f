import { describe, expect, it } from "vitest";
import type { DsnRecipient, DsnRequest } from "../../../src/model/dsn-request.ts";
import type { ResultEvent, TargetOutcome } from "../../../src/model/event.ts";
import { type DsnSource, dsnActivity } from "../../../src/submission/dsn.ts";

const BASE = { onFailure: true, onSuccess: false };
const recipient = (mailbox: string, rest: Partial<DsnRecipient> = {}): DsnRecipient => ({
  mailbox,
  address: mailbox,
  ...BASE,
  ...rest,
});

function sourceOf(
  { status = "failed", target, error }: Partial<ResultEvent> & { readonly target: readonly TargetOutcome[] },
  request: Partial<DsnRequest> & Pick<DsnRequest, "recipients">,
): DsnSource {
  const result: ResultEvent = {
    type: "result",
    rid: "order-7",
    id: "01J",
    platform: "email",
    verb: "send",
    actor: { address: "shop@shop.example" },
    status,
    target,
    object: {},
    attempts: 1,
    published: "2026-11-28T11:00:00.000Z",
    ...(error === undefined ? {} : { error }),
  };
  return {
    rid: "order-7",
    request: { to: "bounces@shop.example", fields: ["Subject: Your order"], ...request },
    result,
    acceptedAt: Date.UTC(2026, 10, 28, 10),
    domain: "gateway",
  };
}

/** The part for programs, by lines. */
function statusOf(source: DsnSource): readonly string[] {
  const activity = dsnActivity(source) as {
    readonly object: { readonly attachments: ReadonlyArray<{ content: string }> };
  };
  return Buffer.from(activity.object.attachments[0]?.content ?? "", "base64")
    .toString()
    .split("\r\n");
}

describe("A notification of a mail's sender", () => {
  it("is the same for the same outcome, so that it is sent once", () => {
    const source = sourceOf(
      { target: [{ address: "a@example.org", status: "failed" }] },
      { recipients: [recipient("a@example.org")] },
    );
    expect(dsnActivity(source)).toEqual(dsnActivity(structuredClone(source)));
    expect(dsnActivity(source)).toMatchObject({ rid: "order-7~dsn", target: [{ address: "bounces@shop.example" }] });
  });

  it.each([
    ["expired", undefined, "4.4.7"],
    ["unknown", undefined, "4.4.2"],
    ["failed", { code: "recipient-unknown", detail: "No such person.", retryable: false }, "5.1.1"],
    ["failed", { code: "platform-rejected", detail: "No.", retryable: false, platformCode: "554 5.7.26 No" }, "5.7.26"],
    ["failed", { code: "internal-error", detail: "Oh.", retryable: false }, "5.0.0"],
  ] as const)("says of %s what it means (%o)", (status, error, code) => {
    const target = [{ address: "a@example.org", status, ...(error === undefined ? {} : { error }) }];
    const lines = statusOf(sourceOf({ status, target }, { recipients: [recipient("a@example.org")] }));
    expect(lines).toContain("Action: failed");
    expect(lines).toContain(`Status: ${code}`);
  });

  it("tells of the recipients that want it, where a mail reached some", () => {
    const target = [
      { address: "a@example.org", status: "failed" },
      { address: "b@example.org", status: "sent" },
      { address: "c@example.org", status: "failed" },
      { address: "D@example.org", status: "sent" },
    ];
    const recipients = [
      recipient("a@example.org"),
      recipient("b@example.org"),
      recipient("c@example.org", { onFailure: false, onSuccess: true }),
      recipient("d@example.org", { onSuccess: true }),
    ];
    const told = statusOf(sourceOf({ status: "partial", target }, { recipients })).filter((line) =>
      /^(Final|Action)/.test(line),
    );
    expect(told).toEqual([
      "Final-Recipient: rfc822; a@example.org",
      "Action: failed",
      "Final-Recipient: rfc822; d@example.org",
      "Action: relayed",
    ]);
  });

  it("is none where nobody wants one, and of what the app cancelled", () => {
    const sent = { status: "sent", target: [{ address: "a@example.org", status: "sent" }] } as const;
    expect(dsnActivity(sourceOf(sent, { recipients: [recipient("a@example.org")] }))).toBeUndefined();
    const cancelled = { status: "cancelled", target: [{ address: "a@example.org", status: "cancelled" }] } as const;
    expect(dsnActivity(sourceOf(cancelled, { recipients: [recipient("a@example.org")] }))).toBeUndefined();
  });

  it("keeps to lines of ASCII, whatever others wrote", () => {
    const error = {
      code: "platform-rejected",
      detail: "x",
      retryable: false,
      platformCode: "550 née\r\nAction: delivered",
    };
    const lines = statusOf(
      sourceOf(
        { target: [{ address: "jörg@example.org", status: "failed", error }] },
        { envelopeId: "é\r\nX: y", recipients: [recipient("jörg@example.org", { original: "utf-8;jörg" })] },
      ),
    );
    expect(lines.join("\n")).toMatch(/^[\x20-\x7e\n]*$/);
    expect(lines).toContain("Final-Recipient: utf-8; j\\x{F6}rg@example.org");
    expect(lines).not.toContain("Action: delivered");
    expect(lines.filter((line) => line.startsWith("X:"))).toEqual([]);
  });
});
