import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gateway } from "../support/gateway.ts";
import { imapNetwork } from "../support/mailbox-network.ts";

type Answer = Readonly<Record<string, unknown>> & { readonly rid?: string; readonly object?: Record<string, unknown> };

let network: Awaited<ReturnType<typeof imapNetwork>>;
let house: Awaited<ReturnType<typeof gateway>>;
let key: string;

async function call(method: string, path: string, body?: object): Promise<Answer> {
  const answer = await fetch(`${house.url}/gateway${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", prefer: "wait=20" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  expect(answer.status, path).toBeLessThan(300);
  return (await answer.json()) as Answer;
}
/** Reads the app's events until one matches. */
async function event(fits: (answer: Answer) => boolean): Promise<Answer> {
  for (let after = "earliest"; ; ) {
    const answer = await fetch(`${house.url}/gateway/events?wait=20&after=${after}`, {
      headers: { authorization: `Bearer ${key}`, accept: "application/json" },
    });
    const { events, cursor } = (await answer.json()) as { readonly events: readonly Answer[]; readonly cursor: string };
    const found = events.find(fits);
    if (found) return found;
    if (events.length === 0) throw new Error("It did not come");
    after = cursor;
  }
}
/** Output of the page about the post. */
function documented(): readonly Answer[] {
  const page = readFileSync(new URL("../../docs/platforms/email.md", import.meta.url), "utf8");
  const blocks = [...page.matchAll(/<!-- shape -->\n```json\n([\s\S]*?)```/g)].map(([, text = ""]) => JSON.parse(text));
  return blocks.filter((block: Answer) => block.verb !== undefined && block.type === undefined);
}

beforeAll(async () => {
  network = await imapNetwork();
  house = await gateway({ ALLOW_PRIVATE: "127.0.0.0/8" });
  key = await house.keyOf("mailer");
});
afterAll(async () => {
  await house?.stop();
  await network?.close();
});

describe("a mailbox behind the whole gateway", () => {
  it("comes online, reports a mail and runs the samples of its page", async () => {
    const { address } = network.account(0);
    await call("PUT", "/accounts", { platform: "email", ...network.account(0), online: true });
    await event(({ type, state }) => type === "session" && state === "online");
    await network.peerSends(0, "hello there");
    const { object, target } = await event(({ type }) => type === "activity");
    expect(object).toMatchObject({ body: "hello there", folder: "INBOX", uid: 1 });
    expect(target).toEqual([{ address, field: "to" }]);
    for (const folder of ["Newsletters", "Archive"]) {
      execFileSync(
        "doveadm",
        ["-c", `${network.dovecot.dir}/dovecot.conf`, "mailbox", "create", "-u", "user0", folder],
        {
          stdio: "ignore",
        },
      );
    }
    const shown = documented();
    expect(shown.map(({ verb }) => verb)).toEqual(["subscribe", "fetch", "search", "move"]);
    for (const activity of shown) {
      const result = await call("POST", "/activities", { ...activity, actor: { address } });
      expect(result, String(activity.verb)).toMatchObject({ type: "result", status: "sent" });
    }
  });
});
