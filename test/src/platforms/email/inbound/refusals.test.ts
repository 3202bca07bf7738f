import { describe, expect, it } from "vitest";
import { silentLog } from "../../../../../src/model/log.ts";
import { connectionFailure } from "../../../../../src/platforms/email/client/verdict.ts";
import { forgetRefusals, verdictOf } from "../../../../../src/platforms/email/inbound/unproven-refusals.ts";

/** Answer of an IMAP server as imapflow throws it. */
function answer(status: "NO" | "BAD", code: string | undefined, text: string, isLogin = false): Error {
  return Object.assign(new Error("Command failed"), {
    responseStatus: status,
    safeText: text,
    ...(code === undefined ? {} : { serverResponseCode: code }),
    ...(isLogin ? { authenticationFailed: true } : {}),
  });
}

function connectionState() {
  const values: Record<string, string> = {};
  return {
    values,
    context: {
      log: silentLog,
      state: {
        read: async () => values,
        write: async (name: string, value: string | undefined) => {
          if (value === undefined) delete values[name];
          else values[name] = value;
        },
      },
    },
  };
}

describe("refusals of a mail server", () => {
  it.each([
    [answer("BAD", undefined, "User is authenticated but not connected."), "platform-rejected"],
    [answer("NO", undefined, "System Error (Failure)"), "platform-rejected"],
    [answer("NO", "TEMPFAIL", "Server error"), "platform-rejected"],
    [answer("NO", "ALERT", "Too many simultaneous connections.", true), "credentials-invalid"],
    [answer("NO", undefined, "LOGIN failed.", true), "credentials-invalid"],
    [answer("NO", "NONEXISTENT", "Unknown Mailbox: INBOX"), "recipient-unknown"],
  ])("%j is retried, with the server's text", (thrown, code) => {
    const failure = connectionFailure(thrown);
    expect([failure.kind, failure.code]).toEqual(["retryable", code]);
    expect(failure.platformCode).toContain((thrown as unknown as { safeText: string }).safeText);
  });

  it.each([
    ["AUTHENTICATIONFAILED", "auth", "credentials-invalid"],
    ["AUTHORIZATIONFAILED", "auth", "credentials-invalid"],
    ["EXPIRED", "auth", "credentials-expired"],
    ["PRIVACYREQUIRED", "permanent", "tls-failed"],
  ])("[%s] is final at once", (code, kind, meaning) => {
    const failure = connectionFailure(answer("NO", code, "No.", true));
    expect([failure.kind, failure.code]).toEqual([kind, meaning]);
  });

  it("become final after 20 equal ones over a day, not before", async () => {
    const { context } = connectionState();
    const thrown = answer("NO", undefined, "LOGIN failed.", true);
    const hour = 3_600_000;
    for (let n = 0; n < 30; n += 1) expect((await verdictOf(thrown, context, n * 60_000)).kind).toBe("retryable");
    expect((await verdictOf(thrown, context, 25 * hour)).kind).toBe("auth");
  });

  it("are counted anew after another answer or a connection", async () => {
    const { context, values } = connectionState();
    const login = answer("NO", undefined, "LOGIN failed.", true);
    const select = answer("NO", undefined, "System Error");
    for (let n = 0; n < 25; n += 1) await verdictOf(login, context, n);
    expect((await verdictOf(select, context, 90_000_000)).kind).toBe("retryable");
    expect((await verdictOf(login, context, 180_000_000)).kind).toBe("retryable");
    await forgetRefusals(context);
    expect(values).toEqual({});
  });
});
