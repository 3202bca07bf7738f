import { describe, expect, it } from "vitest";
import { isProvenRefusal } from "../../../../../src/connections/refusal-evidence.ts";
import { verbFailure } from "../../../../../src/platforms/email/client/verdict.ts";
import { classifyError } from "../../../../../src/platforms/email/errors.ts";

/** Answer of an IMAP server as imapflow throws it. */
function answer(status: "NO" | "BAD", code: string | undefined, text: string, isLogin = false): Error {
  return Object.assign(new Error("Command failed"), {
    responseStatus: status,
    safeText: text,
    ...(code === undefined ? {} : { serverResponseCode: code }),
    ...(isLogin ? { authenticationFailed: true } : {}),
  });
}

describe("refusals of a mail server", () => {
  it.each([
    [answer("BAD", undefined, "User is authenticated but not connected."), "platform-rejected"],
    [answer("NO", undefined, "System Error (Failure)"), "platform-rejected"],
    [answer("NO", "TEMPFAIL", "Server error"), "platform-rejected"],
    [answer("NO", "ALERT", "Too many simultaneous connections.", true), "platform-rejected"],
    [answer("NO", undefined, "LOGIN failed.", true), "platform-rejected"],
    [answer("NO", "AUTHENTICATIONFAILED", "Temporary authentication failure.", true), "platform-rejected"],
    [answer("NO", "NONEXISTENT", "Unknown Mailbox: INBOX"), "recipient-unknown"],
  ])("%j prove nothing against the account, and keep the server's text", (thrown, code) => {
    const failure = classifyError(thrown);
    expect([isProvenRefusal(failure), failure.code]).toEqual([false, code]);
    expect(failure.platformCode).toContain((thrown as unknown as { safeText: string }).safeText);
    expect(verbFailure(thrown).kind).toBe("retryable");
  });

  it.each([
    ["AUTHENTICATIONFAILED", "credentials-invalid"],
    ["AUTHORIZATIONFAILED", "credentials-invalid"],
    ["EXPIRED", "credentials-expired"],
    ["PRIVACYREQUIRED", "credentials-invalid"],
  ])("[%s] ends the account at once", (code, meaning) => {
    const failure = classifyError(answer("NO", code, "No.", true));
    expect([failure.kind, failure.code, isProvenRefusal(failure)]).toEqual(["auth", meaning, true]);
    expect(verbFailure(answer("NO", code, "No.", true)).kind).toBe("auth");
  });
});
