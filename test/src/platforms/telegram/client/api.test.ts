import { describe, expect, it } from "vitest";
import { botApi } from "../../../../../src/platforms/telegram/client/api.ts";

const UPGRADED = {
  ok: false,
  error_code: 400,
  description: "Bad Request: group chat was upgraded to a supergroup chat",
  parameters: { migrate_to_chat_id: -1_001_234 },
};

/** Bot API that answers by the chat's id in the request. */
function apiAnswering(answers: Readonly<Record<string, object>>) {
  const chats: string[] = [];
  const api = botApi(
    async (url, options) => {
      const chat = /"chat_id":(-?\d+)/.exec(String(options?.body))?.[1] ?? "none";
      chats.push(chat);
      const answer = answers[chat] ?? UPGRADED;
      const status = "error_code" in answer ? 400 : 200;
      return { status, headers: {}, body: Buffer.from(JSON.stringify(answer)), url };
    },
    "1:token",
    "https://api.example",
  );
  return { api, chats };
}

describe("a request for a group that has become a supergroup", () => {
  it("is repeated for the supergroup, with a single commit", async () => {
    let commits = 0;
    const { api, chats } = apiAnswering({ "-1001234": { ok: true, result: { message_id: 5 } } });
    const beforeSend = async () => {
      commits += 1;
    };
    const request = { method: "sendMessage", parameters: { chat_id: -77, text: "hi" }, beforeSend };
    expect(await api.request({ ...request, signal: AbortSignal.timeout(10_000) })).toEqual({ message_id: 5 });
    expect([chats, commits]).toEqual([["-77", "-1001234"], 1]);
  });

  it("fails where the supergroup names itself again", async () => {
    const { api, chats } = apiAnswering({});
    const request = { method: "sendMessage", parameters: { chat_id: -77 }, signal: AbortSignal.timeout(10_000) };
    await expect(api.request(request)).rejects.toMatchObject({ code: "recipient-unknown" });
    expect(chats).toEqual(["-77", "-1001234"]);
  });
});
