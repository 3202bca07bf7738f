import { ulid } from "ulid";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Activity } from "../../../../src/model/activity.ts";
import type { VerbContext } from "../../../../src/platform/platform.ts";
import { recentRequests } from "../../../../src/platforms/twitter/client/recent-requests.ts";
import { testVerbContext } from "../../../support/verb-context.ts";
import { activityOf, xAccount } from "../../../support/x-account.ts";
import { oauth1Of } from "../../../support/x-simulator.ts";

const TO_ALICE = "POST /2/dm_conversations/with/{participant_id}/messages";
const attachment = { attachments: [{ name: "a.png", url: "https://example.org/a.png" }] };
const picture = {
  attachments: async () => [{ name: "a.png", content: Buffer.from("\u0089PNG\r\n\u001a\n", "latin1") }],
};
let x: Awaited<ReturnType<typeof xAccount>>;
let client: unknown;
beforeEach(async () => {
  x = await xAccount();
  client = await open();
});
afterEach(() => x.stop());

const open = () =>
  x.platform.createClient?.({
    app: "a",
    credentials: oauth1Of("12") as never,
    egress: x.egress,
    log: testVerbContext().log,
  });
const build = (verb: string, overrides: Partial<Activity>) =>
  activityOf(x.platform, verb, { id: ulid(), ...overrides });
/** Runs the activity against a fault; its failure is expected. */
const run = async (
  activity: Activity,
  fault?: readonly [string, "cut" | "drop"],
  context: Partial<VerbContext> = {},
) => {
  if (fault) x.server.fault(...fault);
  const pending = activity.target.map((_, at) => at);
  await x.platform.verbs[activity.verb]
    ?.run(client, activity, testVerbContext({ pending, ...context }))
    .catch((thrown: unknown) => expect(x.platform.classifyError(thrown).mayHaveLanded).toBe(true));
};
const resolved = (activity: Activity, by = client) =>
  x.platform.recover?.(by, activity, testVerbContext({ pending: activity.target.map((_, at) => at) }));
const inTheEnd = async (activity: Activity) => {
  for (let looks = 0; looks < 5; looks++) {
    await expect(resolved(activity)).rejects.toMatchObject({ kind: "retryable", code: "outcome-unknown" });
  }
  return resolved(activity);
};
const message = (body: string, address = "@alice") => build("send", { target: [{ address }], object: { body } });

describe("a direct message whose answer was lost", () => {
  it.each(["@alice", "34", "conversation:12-34"])("is found in the conversation: %s", async (address) => {
    const activity = message("Psst", address);
    const endpoint = address.startsWith("c") ? "POST /2/dm_conversations/{dm_conversation_id}/messages" : TO_ALICE;
    await run(activity, [endpoint, "cut"]);
    expect(await resolved(activity)).toEqual({
      outcomes: [{ address, status: "sent", id: x.server.messages[0]?.id }],
      object: { twitter: { conversations: ["conversation:12-34"] } },
    });
    expect(x.server.messages).toHaveLength(1);
  });

  it("is not confused with foreign, older or answered messages", async () => {
    await run(message("Psst"));
    x.server.addMessage("12", "12-34", "Psst", { id: "1500000000000000000" });
    x.server.addMessage("34", "12-34", "Psst");
    x.server.addMessage("12", "12-34", "Psst!");
    x.server.addMessage("12", "12-56", "Psst");
    const lost = message("Psst");
    await run(lost, [TO_ALICE, "drop"]);
    expect(await inTheEnd(lost)).toBeUndefined();
  });

  it("stays unknown where two messages match", async () => {
    const lost = message("Psst");
    await run(lost, [TO_ALICE, "cut"]);
    x.server.addMessage("12", "12-34", "Psst");
    expect(await resolved(lost)).toBeUndefined();
  });

  it("stays unknown after the sending process ended", async () => {
    const lost = message("Psst");
    await run(lost, [TO_ALICE, "cut"]);
    expect(await resolved(lost, await open())).toBeUndefined();
  });

  it("is found by its picture", async () => {
    const lost = build("send", { target: [{ address: "@alice" }], object: attachment });
    await run(lost, [TO_ALICE, "cut"], picture);
    const id = x.server.messages[0]?.id;
    x.server.addMessage("12", "12-34", "", { media: ["1"] });
    expect(await resolved(lost)).toMatchObject({ outcomes: [{ status: "sent", id }] });
  });
});

describe("a post with media whose answer was lost", () => {
  it("is found by its media, whatever the text", async () => {
    for (const object of [attachment, { ...attachment, body: "Look" }]) {
      const lost = build("post", { target: [], object });
      await run(lost, ["POST /2/tweets", "cut"], picture);
      expect(await resolved(lost)).toMatchObject({ object: { id: x.server.posts.at(-1)?.id } });
    }
  });

  it("is not confused with other media, and stays unknown after the sending process ended", async () => {
    const lost = build("post", { target: [], object: { ...attachment, body: "Look" } });
    await run(lost, ["POST /2/tweets", "drop"], picture);
    x.server.addPost("12", "Look", { media: ["1"] });
    x.server.addPost("12", "Look");
    expect(await inTheEnd(lost)).toBeUndefined();
    expect(await resolved(lost, await open())).toBeUndefined();
  });
});

it("recentRequests forgets the oldest entries", () => {
  const known = recentRequests(() => 5);
  for (let at = 0; at < 1_001; at++) {
    known.recordSent(`a${at}`, []);
    known.recordAnswer(`m${at}`);
  }
  expect([known.find("a0"), known.find("a1"), known.isAnswered("m0"), known.isAnswered("m1")]).toEqual([
    undefined,
    { sentAt: 5, media: [] },
    false,
    true,
  ]);
});
