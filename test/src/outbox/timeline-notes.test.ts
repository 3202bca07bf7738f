import fc from "fast-check";
import { expect, it } from "vitest";
import { deferralNote, readNotes, receiptNote, type TimelineNote } from "../../../src/outbox/timeline-notes.ts";

const text = fc.string({ unit: "binary", maxLength: 20 });
const error = fc.option(fc.record({ code: text, detail: text, retryable: fc.boolean() }), { nil: undefined });
const at = fc.integer({ min: 0, max: 4e12 });
const deferral = fc.record({ step: fc.constant("deferred" as const), at, attempts: fc.nat(), retryAt: at, error });
const receipt = fc.record({
  step: fc.constant("receipt" as const),
  at,
  status: fc.constantFrom("delivered" as const, "read" as const, "failed" as const),
  target: fc.array(text, { maxLength: 3 }),
  error,
});

/** Writes a note as the outbox does, from the event that tells it. */
function written({ error: failure, ...note }: TimelineNote & { readonly error?: unknown }): string {
  const event = { published: new Date(note.at).toISOString(), ...(failure === undefined ? {} : { error: failure }) };
  return note.step === "deferred"
    ? deferralNote(event as Parameters<typeof deferralNote>[0], note.attempts, note.retryAt)
    : receiptNote(
        { ...event, status: note.status } as Parameters<typeof receiptNote>[0],
        note.target.map((address) => ({ address, status: "sent" })),
      );
}

it("notes of a timeline are read as they were written, a line each, whatever their texts hold", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(deferral, receipt), { minLength: 1, maxLength: 5 }), (notes) => {
      const lines = notes.map((note) => written(note as TimelineNote));
      expect(lines.every((line) => !line.includes("\n"))).toBe(true);
      expect(readNotes(lines.join("\n"))).toEqual(notes);
    }),
  );
});
