import { expect, it } from "vitest";
import { wantedBy } from "../../../src/sendmail/arguments.ts";
import { outgoingMail } from "../../../src/sendmail/message.ts";

it("A mail with an empty envelope sender still has an author", () => {
  const input = Buffer.from("Subject: x\n\nx\n");
  const { from, bytes } = outgoingMail({ ...wantedBy(["-f", "<>", "ann@example.org"]), input });
  expect(from).toBe("");
  expect(bytes.toString()).toMatch(/^From: [^\s@]+@\S+\r$/m);
});
