import { describe, expect, it } from "vitest";
import type { Accounts } from "../../../src/accounts/accounts.ts";
import { logSafeAccounts } from "../../../src/accounts/log-safe-accounts.ts";
import { redaction } from "../../../src/process/redaction.ts";

const PASSWORD = 'cor"rect <horse> & staple';
const credentials = {
  username: "bob",
  host: "xmpp.example.org",
  password: PASSWORD,
  oauth: { refreshToken: "r3fr3sh-me" },
};

/** Texts in which a server may echo the password. */
const ECHOES: Readonly<Record<string, string>> = {
  plain: PASSWORD,
  XML: "cor&quot;rect &lt;horse&gt; &amp; staple",
  "a URL": encodeURIComponent(PASSWORD),
  "SASL PLAIN": Buffer.from(`\0bob\0${PASSWORD}`).toString("base64"),
  "SASL PLAIN of another user": Buffer.from(`\0alice\0${PASSWORD}`).toString("base64"),
};

describe("logSafeAccounts", () => {
  const opened = { id: "acc_1", version: "1", credentials };
  const accounts = {
    put: async () => ({ created: true, account: {} }),
    credentialsOf: async () => opened,
    update: async () => "2",
    withRefreshLock: async (_app: string, _platform: string, _address: string, renew: (stored: unknown) => unknown) =>
      renew(opened),
  } as unknown as Accounts;

  const uses: Readonly<Record<string, (safe: Accounts) => Promise<unknown>>> = {
    put: (safe) => safe.put("app1", { platform: "xmpp", address: "bob", credentials }),
    credentialsOf: (safe) => safe.credentialsOf("app1", "xmpp", "bob"),
    update: (safe) => safe.update("app1", "xmpp", "bob", "1", credentials),
    withRefreshLock: (safe) => safe.withRefreshLock("app1", "xmpp", "bob", async () => undefined),
  };
  for (const [name, use] of Object.entries(uses)) {
    it(`hides the secrets of ${name} in every form that servers echo`, async () => {
      const hidden = redaction();
      await use(logSafeAccounts(accounts, hidden.hide));
      for (const echo of Object.values(ECHOES)) {
        const line = hidden.apply(JSON.stringify({ msg: `not authorized: ${echo}`, host: "xmpp.example.org" }));
        expect(line).toContain("[secret]");
        for (const part of ["horse", "staple", echo]) expect(line).not.toContain(part);
        expect(line).toContain("xmpp.example.org");
      }
      expect(hidden.apply('"r3fr3sh-me"')).toBe('"[secret]"\n');
    });
  }
});
