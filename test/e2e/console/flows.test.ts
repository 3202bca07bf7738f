import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ConsoleBrowser, consoleBrowser } from "../../support/console-browser.ts";
import { ROOT } from "../../support/docs-samples.ts";
import { webhookReceiver } from "../../support/webhook-receiver.ts";

let web: ConsoleBrowser;
let page: Page;
beforeAll(async () => {
  web = await consoleBrowser({ ALLOW_PRIVATE: "127.0.0.0/8" });
  ({ page } = web);
  await web.signIn("--name", "ann");
});
afterAll(() => web?.stop());

const picture = async (name: string): Promise<void> => {
  if (process.env.UPDATE_IMAGES === "1") await page.screenshot({ path: join(ROOT, `docs/images/${name}.png`) });
};
const echo = {
  platform: "dummy",
  verb: "echo",
  actor: { address: "alice" },
  target: { address: "bob" },
  object: { body: "Hi" },
};
const button = (name: string | RegExp) => page.getByRole("button", { name });

describe("A newcomer", () => {
  it("is led from the overview to a first mail and its timeline", async () => {
    await page.getByRole("link", { name: "compose a mail" }).click();
    await page.getByRole("heading", { level: 1, name: "Compose" }).waitFor();
    await button("Send as first").waitFor();
    await picture("console-compose");
    await button("Send as first").click();
    await page.getByRole("heading", { level: 1, name: /^Activity / }).waitFor();
    await page.locator(".timeline").getByText("Ended").waitFor();
    await page.locator(".timeline").getByText("sent", { exact: true }).waitFor();
    await picture("console-timeline");
    await web.open("#/", "Overview");
    await expect.poll(() => page.getByText("Send a first message").count()).toBe(0);
  });
});

describe("That mail never came", () => {
  it("leads from the address to the reason in three clicks", async () => {
    await web.post({
      ...echo,
      rid: "lost-1",
      verb: "fail",
      target: { address: "foo@never.example" },
      object: { kind: "retryable" },
      options: { expiresIn: 1 },
    });
    await web.open("#/", "Overview");
    await page.getByLabel("What became of a message to").fill("FOO@never.example");
    await button("Find").click();
    await page.getByRole("heading", { level: 1, name: "History" }).waitFor();
    const row = page.getByRole("row", { name: /foo@never\.example/ });
    await row.waitFor();
    expect(await row.textContent()).toContain("failed");
    expect(await page.getByRole("row").count()).toBe(2);
    await picture("console-history");
    await row.getByRole("link").click();
    await page.getByRole("heading", { level: 1, name: "Activity lost-1" }).waitFor();
    await page.locator(".timeline .reason").first().waitFor();
  });

  it("is resent from its page", async () => {
    await button("Resend").click();
    await page.getByRole("heading", { level: 1, name: /^Activity (?!lost-1$)/ }).waitFor();
    await web.open("#/dead-letters", "Dead letters");
    await page.getByRole("link", { name: /^Replayed as/ }).waitFor();
  });
});

describe("Dead letters", () => {
  it("are shown with their content as text and deleted after a question", async () => {
    const hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>";
    await web.post({
      ...echo,
      rid: "lost-2",
      verb: "fail",
      object: { kind: "retryable", body: hostile },
      options: { expiresIn: 1 },
    });
    await web.open("#/dead-letters", "Dead letters");
    const letter = page.locator("section", { has: page.locator('a[href$="/history/lost-2"]') });
    await letter.getByRole("button", { name: "Content" }).click();
    await letter.getByText("onerror=alert(1)").waitFor();
    expect(await page.locator("main img, main script").count()).toBe(0);
    await button("Delete lost-2").click();
    await letter.getByRole("button", { name: "No" }).click();
    await button("Delete lost-2").click();
    await letter.getByRole("button", { name: "Yes" }).click();
    await expect.poll(() => button("Delete lost-2").count()).toBe(0);
  });
});

describe("Hooks", () => {
  it("are made with a secret shown once, tested and deleted after a question", async () => {
    const receiver = await webhookReceiver();
    try {
      await web.open("#/hooks", "Hooks");
      await page.getByLabel("Name").fill("site");
      await page.getByLabel("Address (https)").fill(receiver.url);
      await button("Save").click();
      await page.getByText(/^whsec_/).waitFor();
      await button("Send a test to site").click();
      await button("Deliveries").click();
      await page.getByRole("row", { name: /test.*delivered/ }).waitFor();
      await picture("console-hooks");
      await button("Delete site").click();
      await button("Yes").click();
      await page.getByText("first has no hooks.").waitFor();
    } finally {
      await receiver.stop();
    }
  });
});

describe("Accounts", () => {
  it("are connected with the presets of a mail provider", async () => {
    await web.open("#/accounts", "Accounts");
    await page.getByRole("combobox", { name: "Network", exact: true }).selectOption("email");
    await page.getByLabel("Address of the account").fill("ann@gmx.de");
    await button(/^Fill in the servers of mail\.gmx\.net/).click();
    expect(await page.getByLabel("host (required)").first().inputValue()).toBe("mail.gmx.net");
    await page.getByLabel("password").first().fill("canary-secret");
    await picture("console-connect");
    await button("Store the login").click();
    await page.getByText("ann@gmx.de: stored").waitFor();
    expect(await page.content()).not.toContain("canary-secret");
  });

  it("tell which field of a login is wrong", async () => {
    await page.getByLabel("Address of the account").fill("ann@example.org");
    await page.getByLabel("host (required)").first().fill("not a host");
    await button("Store the login").click();
    await page.locator("[aria-invalid=true]").first().waitFor();
    await page.getByRole("alert").waitFor();
  });

  it("are deleted after a question", async () => {
    await button("Delete ann@gmx.de").click();
    await page.getByRole("alertdialog", { name: /^Delete the account ann@gmx\.de/ }).waitFor();
    await button("Yes").click();
    await page.getByText("first has no accounts.").waitFor();
  });
});

describe("Apps", () => {
  it("are made, chosen, and get and lose keys", async () => {
    await web.open("#/apps", "Apps and keys");
    await page.getByLabel("Name").fill("shop");
    await button("Make the app").click();
    await page.getByText(/^dgm_/).waitFor();
    await page.getByRole("combobox", { name: "App", exact: true }).selectOption({ label: "shop" });
    await button("Sign a token").click();
    await page.getByText(/^eyJ/).waitFor();
    await button("Make another key for shop").click();
    await expect.poll(() => button(/^Revoke key/).count()).toBe(3);
    await button(/^Revoke key/)
      .last()
      .click();
    await button("Yes").click();
    await expect.poll(() => button(/^Revoke key/).count()).toBe(2);
    await web.open("#/history", "History");
    await page.getByText("No activity fits.").waitFor();
  });

  it("leave their changes in the audit log, without contents", async () => {
    await web.open("#/audit", "Audit log");
    for (const action of ["create app", "create key", /^revoke key /, "PUT /accounts", "POST /tokens"])
      await page
        .getByRole("cell", { name: action, exact: typeof action === "string" })
        .first()
        .waitFor();
    expect(await page.content()).not.toMatch(/canary-secret|dgm_|whsec_/);
    await picture("console-audit");
  });
});

describe("A viewer", () => {
  it("sees the pages and no button that changes anything", async () => {
    await web.signIn("--role", "viewer", "--name", "bob");
    await page.getByRole("combobox", { name: "App", exact: true }).selectOption({ label: "first" });
    await web.open("#/dead-letters", "Dead letters");
    await page.getByRole("link", { name: "Timeline" }).first().waitFor();
    expect(await button(/Replay|Delete/).count()).toBe(0);
    await web.open("#/compose", "Compose");
    expect(await button("Send as first").isDisabled()).toBe(true);
  });

  it("signs out", async () => {
    await button("Sign out").click();
    await page.getByText("Sign in with a link").waitFor();
    await page.reload();
    await page.getByText("Sign in with a link").waitFor();
    expect(web.faults).toEqual([]);
  });
});
