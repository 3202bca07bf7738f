import { TelegramServer } from "telegram-test-api/lib/telegramServer.js";
import { afterAll, expect, it } from "vitest";
import { telegram } from "../../../../src/platforms/telegram/platform.ts";
import { testConnectionContext } from "../../../support/connection-context.ts";
import { freePort } from "../../../support/free-port.ts";
import { loopbackEgress } from "../../../support/loopback-egress.ts";
import { runOnce } from "../../../support/run-verb.ts";
import { testMailActivity } from "../../../support/verb-context.ts";

/** Emulator of the Bot API by others, which knows nothing of our simulator. */
const server = new TelegramServer({ port: await freePort(), host: "127.0.0.1" });
await server.start();
const token = "4711:second-judge-of-the-telegram-platform";
const platform = telegram({ telegramApi: server.config.apiURL });
const user = server.getClient(token, { userId: 12, chatId: 12, firstName: "Ann", timeout: 20_000 });
const egress = loopbackEgress();
afterAll(async () => {
  await server.stop();
  await egress.close();
});

interface BotMessage {
  readonly message: Readonly<Record<string, unknown>>;
  readonly messageId: number;
}
const botMessages = () => server.storage.botMessages as unknown as readonly BotMessage[];

function run(verb: string, object: Readonly<Record<string, unknown>>) {
  const target = [{ address: "12" }];
  const activity = testMailActivity({ platform: "telegram", verb, actor: { address: "@example_bot" }, target, object });
  return runOnce(platform, activity, { credentials: { token }, egress });
}

it("exchanges messages with an emulator of the Bot API: sends, edits, deletes, receives", async () => {
  const sent = await run("send", { html: "<b>Hello</b> & good day" });
  const id = String(sent.object?.id);
  expect(sent.outcomes).toEqual([{ address: "12", status: "sent", id }]);
  const [message] = botMessages();
  expect(message?.message).toMatchObject({ chat_id: "12", text: "<b>Hello</b> &amp; good day", parse_mode: "HTML" });
  await run("update", { id, body: "Hello again" });
  expect(botMessages()[0]?.message).toMatchObject({ text: "Hello again" });
  await run("delete", { id });
  expect(botMessages()).toEqual([]);

  await user.sendMessage(user.makeMessage("Hi bot"));
  const account = testConnectionContext({ address: "@example_bot", credentials: { token }, egress } as never);
  const client = await platform.connect?.(account as never);
  const { event } = await account.arrived(({ event: { object } }) => object.body === "Hi bot");
  expect(event).toMatchObject({
    verb: "send",
    actor: { address: "12", name: "Ann" },
    context: { type: "direct", id: "12" },
  });
  await platform.dispose?.(client);
});
