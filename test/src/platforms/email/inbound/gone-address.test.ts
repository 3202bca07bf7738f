import { describe, expect, it } from "vitest";
import { provesAddressGone } from "../../../../../src/platforms/email/inbound/gone-address.ts";

describe("provesAddressGone", () => {
  it.each([
    ["5.1.1", "550 5.1.1 <bob@far.example>: Recipient address rejected: User unknown in virtual mailbox table"],
    ["5.1.1 (bad destination mailbox address)", ""],
    ["5.0.0", "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found"],
    ["5.1.10", "550 5.1.10 Domain does not accept mail (nullMX)"],
    ["5.1.6", "550 5.1.6 Mailbox has moved"],
  ])("takes %s with %j", (status, diagnosis) => {
    expect(provesAddressGone(status, diagnosis)).toBe(true);
  });

  it.each([
    ["words without a code", "5.0.0", "550 No such user here"],
    ["no field and no words", "", ""],
    ["a full mailbox", "5.2.2", "552 5.2.2 Mailbox full"],
    ["a full mailbox under the code of an unknown one", "5.1.1", "550 5.1.1 Mailbox is full"],
    ["a policy", "5.7.1", "550 5.7.1 Message blocked"],
    ["a policy in the diagnosis only", "5.1.1", "550 5.7.1 blocked by policy"],
    [
      "spam under the code of an unknown address",
      "5.1.1",
      "550 5.1.1 Recipient address rejected: listed as spam source",
    ],
    ["an unknown domain", "5.1.2", "Host not found"],
    ["a disabled mailbox", "5.2.1", "550 5.2.1 The account is disabled"],
    ["a wrong sender", "5.1.8", "501 5.1.8 Bad sender"],
    ["a passing state", "4.1.1", "450 4.1.1 try again"],
  ])("takes no %s", (_case, status, diagnosis) => {
    expect(provesAddressGone(status, diagnosis)).toBe(false);
  });
});
