import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Failure } from "../../../../src/model/failure.ts";
import { errorTable, failureWith } from "../../../../src/platform/kit/error-table.ts";
import { retryAfter } from "../../../../src/platform/kit/retry-after.ts";

const table = errorTable({
  network: "The mail server",
  details: { rejected: "The mail server refuses the message." },
  codes: {
    550: "recipient-unknown",
    552: { as: "content-too-large", detail: "The message is too large." },
    599: ["retryable", "platform-unavailable", "Ask again."],
  },
});

describe("errorTable", () => {
  it("maps codes to the standard meaning, a custom detail, or a full row", () => {
    expect(table.lookup(550)).toEqual(["permanent", "recipient-unknown", "The mail server knows no such recipient."]);
    expect(table.lookup("552")).toEqual(["permanent", "content-too-large", "The message is too large."]);
    expect(table.lookup(599)).toEqual(["retryable", "platform-unavailable", "Ask again."]);
    expect(table.lookup("constructor")).toBeUndefined();
    expect(table.row("rejected")[2]).toBe("The mail server refuses the message.");
  });

  it("creates failures with the network's code, the wait and the cause", () => {
    const cause = new Error("wire");
    const failure = table.failure("rate-limited", { platformCode: "450", retryAfterMs: 5_000, cause });
    expect(failure).toMatchObject({ kind: "rate-limited", code: "platform-rate-limited", platformCode: "450", cause });
    expect(failure.retryAfterMs).toBe(5_000);
    expect(table.failure("rejected", { platformCode: "", retryAfterMs: undefined }).platformCode).toBeUndefined();
  });

  it.each([
    [Object.assign(new Error(), { code: "ECONNRESET" }), "platform-unavailable"],
    [Object.assign(new Error(), { code: "CERT_HAS_EXPIRED" }), "tls-failed"],
    [Object.assign(new Error(), { code: "ETIMEDOUT" }), "platform-timeout"],
    [new DOMException("stop", "AbortError"), "platform-timeout"],
    [new TypeError("undefined is not a function"), "internal-error"],
    ["a string", "internal-error"],
  ])("classifies %s", (thrown, code) => {
    expect(table.classify(thrown).code).toBe(code);
  });

  it("passes failures unchanged and never throws", () => {
    const failure = table.failure("policy");
    expect(table.classify(failure)).toBe(failure);
    fc.assert(fc.property(fc.anything(), (thrown) => table.classify(thrown) instanceof Failure));
  });
});

describe("failureWith", () => {
  it("marks a failure as possibly carried out and keeps the rest", () => {
    const failure = table.failure("unreachable", { platformCode: "ECONNRESET", cause: 1 });
    const marked = failureWith(failure, { mayHaveLanded: true });
    expect(marked).toMatchObject({ code: failure.code, mayHaveLanded: true, platformCode: "ECONNRESET", cause: 1 });
    expect(failure.mayHaveLanded).toBe(false);
  });
});

describe("retryAfter", () => {
  it.each([
    ["120", 120_000],
    ["0", 0],
    ["1.5", 1_500],
    ["Thu, 01 Jan 1970 00:01:00 GMT", 60_000],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["99999999", 7 * 86_400_000],
    ["soon", undefined],
    [undefined, undefined],
  ])("reads %s", (header, ms) => {
    expect(retryAfter(header, 1)).toBe(ms === 60_000 ? 59_999 : ms);
  });
});
