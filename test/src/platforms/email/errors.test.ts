import { describe, expect, it } from "vitest";
import { relayOf } from "../../../../src/platforms/email/client/smtp/relay.ts";
import { secretsOf } from "../../../../src/platforms/email/credentials.ts";
import { classifyError } from "../../../../src/platforms/email/errors.ts";

const thrown = (code: string, response: string | undefined, command = "CONN", more: object = {}) =>
  Object.assign(new Error("library words"), {
    code,
    command,
    ...(response === undefined ? {} : { response }),
    ...more,
  });

describe("classifyError for SMTP", () => {
  it.each([
    ["RCPT TO", "550 5.1.1 No such user", "permanent", "recipient-unknown"],
    ["RCPT TO", "550 No such user", "permanent", "recipient-unknown"],
    ["RCPT TO", "551 Not local", "permanent", "recipient-not-reachable"],
    ["RCPT TO", "552 5.2.2 Mailbox full", "permanent", "recipient-not-reachable"],
    ["RCPT TO", "550 5.2.1 Disabled", "permanent", "recipient-not-reachable"],
    ["RCPT TO", "554 5.7.1 Relay access denied", "permanent", "policy-refused"],
    ["RCPT TO", "450 4.2.0 Greylisted", "retryable", "platform-unavailable"],
    ["RCPT TO", "450 4.7.1 Too many messages, slow down", "rate-limited", "platform-rate-limited"],
    ["MAIL FROM", "550 5.7.60 Not allowed to send as this sender", "permanent", "permission-denied"],
    ["MAIL FROM", "552 5.3.4 Message too big", "permanent", "content-too-large"],
    ["MAIL FROM", "530 5.7.0 Authentication required", "auth", "credentials-invalid"],
    ["MAIL FROM", "530 5.7.0 Must issue a STARTTLS command first", "permanent", "tls-failed"],
    ["DATA", "552 Too big", "permanent", "content-too-large"],
    ["DATA", "554 5.7.1 Spam", "permanent", "content-refused"],
    ["DATA", "550 5.6.0 Bad message", "permanent", "content-refused"],
    ["DATA", "500 5.3.0 No", "permanent", "platform-rejected"],
    ["DATA", "451 4.3.0 Queue error", "retryable", "platform-unavailable"],
    ["DATA", "421 4.7.28 Unusual rate of mail", "rate-limited", "platform-rate-limited"],
  ])("%s %s", (command, response, kind, code) => {
    const failure = classifyError(thrown(command === "DATA" ? "EMESSAGE" : "EENVELOPE", response, command));
    expect(failure).toMatchObject({ kind, code, platformCode: response, mayHaveLanded: false });
  });

  it.each([
    ["EAUTH", "535 5.7.8 Bad", "auth", "credentials-invalid"],
    ["EAUTH", "454 4.7.0 Temporary", "retryable", "platform-unavailable"],
    ["EPROTOCOL", "554 No SMTP service here", "retryable", "platform-unavailable"],
    ["EPROTOCOL", "421 Busy", "retryable", "platform-unavailable"],
    ["ECONNECTION", "502 No EHLO", "retryable", "platform-unavailable"],
    ["ETLS", "502 5.5.1 No STARTTLS", "permanent", "tls-failed"],
    ["ETLS", "454 TLS not now", "retryable", "platform-unavailable"],
    ["EPROTOCOL", undefined, "retryable", "platform-protocol-error"],
    ["EMESSAGE", undefined, "permanent", "content-too-large"],
    ["ETIMEDOUT", undefined, "retryable", "platform-timeout"],
    ["EDNS", undefined, "retryable", "platform-unavailable"],
  ])("%s %s", (code, response, kind, meaning) => {
    expect(classifyError(thrown(code, response))).toMatchObject({ kind, code: meaning });
  });

  it.each([
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "CERT_HAS_EXPIRED",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "ERR_SSL_WRONG_VERSION_NUMBER",
  ])("ESOCKET with %s", (originalCode) => {
    expect(classifyError(thrown("ESOCKET", undefined, "CONN", { originalCode }))).toMatchObject({
      kind: "permanent",
      code: "tls-failed",
      platformCode: originalCode,
    });
  });

  it("joins the lines of a reply, removes control characters and bounds the text", () => {
    const long = `550-5.1.1 One\r\n550-5.1.1 two\u0007\u001b[31m\r\n550 5.1.1 ${"x".repeat(1_000)}`;
    const { platformCode = "" } = classifyError(thrown("EENVELOPE", long, "RCPT TO"));
    expect(platformCode).toMatch(/^550 5\.1\.1 One two \[31m x+$/);
    expect(platformCode).toHaveLength(300);
  });

  it("masks secrets that a hostile server repeats, in clear text or as sent by SASL", () => {
    const credentials = { host: "h", user: "bob", password: "pa ss  wörd!", oauth2: undefined };
    const base64 = Buffer.from("\0bob\0pa ss  wörd!").toString("base64");
    const failure = classifyError(
      thrown("EAUTH", `535 5.7.8 got pa ss  wörd! by ${base64}`),
      secretsOf(credentials as never),
    );
    expect(failure.platformCode).toBe("535 5.7.8 got *** by ***");
  });
});

describe("the URL of the relay", () => {
  it("is parsed in nodemailer's form, without other parts", () => {
    const relay = relayOf({
      url: "smtps://us%40er:p%2Fw@mail.example.org:2465/?name=me.example&tls.rejectUnauthorized=false&maxConnections=3&logger=true&debug=true",
    });
    expect(relay).toMatchObject({
      connection: {
        host: "mail.example.org",
        port: 2465,
        secure: true,
        name: "me.example",
        tls: { rejectUnauthorized: false },
      },
      maxConnections: 3,
      perApp: false,
    });
    expect(relay.connection).not.toHaveProperty("debug");
    expect(relay.connection).not.toHaveProperty("logger");
    expect(relay.login("any")).toEqual({ user: "us@er", password: "p/w" });
    expect(relayOf({ url: "smtp://mail.example.org" }).login("any")).toBeUndefined();
  });

  it.each(["smtp://", "smtp://user:topsecret@", "smtp://user:topsecret@bad host/", "nonsense"])(
    "is refused without an echo: %s",
    (url) => {
      expect(() => relayOf({ url })).toThrow(/^SMTP_URL: /);
      expect(() => relayOf({ url })).not.toThrow(/topsecret/);
    },
  );
});
