import { afterAll, afterEach, describe, expect, it } from "vitest";
import { telegram } from "../../../../src/platforms/telegram/platform.ts";
import { type TestConnectionContext, testConnectionContext } from "../../../support/connection-context.ts";
import { ALICE, TOKEN, telegramSimulator } from "../../../support/telegram-simulator.ts";

const api = await telegramSimulator();
const platform = telegram({ telegramApi: api.origin });
const stops: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  api.override = () => undefined;
  api.calls.length = 0;
});
afterAll(() => api.stop());

async function connect(fields: Partial<TestConnectionContext> = {}, stateOf?: TestConnectionContext) {
  const account = testConnectionContext({
    address: "@example_bot",
    credentials: { token: TOKEN },
    ...fields,
    ...(stateOf ? { stateOf } : {}),
  } as never);
  const client = await platform.connect?.(account as never);
  stops.push(async () => platform.dispose?.(client));
  return account;
}
const bodies = (account: TestConnectionContext) => account.arrivals.map(({ event }) => event.object.body);

describe("a Telegram bot's connection", () => {
  it("records each update once, in order, and stores the offset with the event", async () => {
    const account = await connect();
    api.push({ message: api.message({ text: "one" }) });
    const last = api.push({ message: api.message({ text: "two" }) });
    await account.arrived(({ event }) => event.object.body === "two");
    expect(bodies(account)).toEqual(["one", "two"]);
    expect(account.stored.offset).toBe(String(last + 1));
    expect(api.issues).toEqual([]);
  });

  it("resumes for the next owner at the stored offset", async () => {
    const first = await connect();
    api.push({ message: api.message({ text: "before" }) });
    await first.arrived(({ event }) => event.object.body === "before");
    await stops.pop()?.();
    api.push({ message: api.message({ text: "between" }) });
    const second = await connect({}, first);
    await second.arrived(({ event }) => event.object.body === "between");
    expect(bodies(second)).not.toContain("before");
  });

  it("does not acknowledge an update that could not be recorded", async () => {
    let refused = 0;
    const account = await connect({
      record: async () => {
        refused += 1;
        throw new Error("Redis is away");
      },
    } as never);
    api.push({ message: api.message({ text: "kept" }) });
    await account.ended;
    expect(refused).toBeGreaterThan(1);
    expect(account.stored.offset).toBeUndefined();
    const next = await connect();
    await next.arrived(({ event }) => event.object.body === "kept");
  });

  it("answers a pressed button and removes an earlier webhook", async () => {
    const account = await connect();
    expect(api.calls.map(({ method }) => method)).toContain("deleteWebhook");
    const pressed = { id: "q1", from: ALICE, chat_instance: "c", data: "yes", message: api.message({ text: "?" }) };
    api.push({ callback_query: pressed });
    await account.arrived(({ event }) => event.object.value === "yes");
    expect((await api.called("answerCallbackQuery")).parameters).toEqual({ callback_query_id: "q1" });
  });

  it("registers its webhook and verifies its requests", async () => {
    const credentials = { token: TOKEN, delivery: "webhook" };
    const inboundEndpoint = async () => ({ url: "https://gw.example.org/gateway/inbound/telegram/abc" });
    await connect({ credentials, inboundEndpoint } as never);
    const { parameters } = await api.called("setWebhook");
    expect(parameters.url).toBe("https://gw.example.org/gateway/inbound/telegram/abc");
    const secrets = platform.webhook?.secrets?.({ address: "@example_bot", credentials: credentials as never }) ?? {};
    const body = Buffer.from(JSON.stringify({ update_id: 3, message: api.message({ text: "pushed" }) }));
    const receive = (token: string) =>
      platform.webhook?.receive(
        { method: "POST", query: new URLSearchParams(), headers: { "x-telegram-bot-api-secret-token": token }, body },
        secrets,
        { app: "a", subject: "x" },
      );
    expect(receive(String(parameters.secret_token))).toMatchObject({
      status: 200,
      events: [{ key: "u:3", event: { object: { body: "pushed" }, target: [{ address: "@example_bot" }] } }],
    });
    expect(receive("wrong")).toEqual({ status: 403 });
    expect(JSON.stringify(secrets)).not.toContain(TOKEN);
  });

  it("says why a webhook cannot be registered without a public address", async () => {
    await expect(connect({ credentials: { token: TOKEN, delivery: "webhook" } } as never)).rejects.toMatchObject({
      message: expect.stringContaining("PUBLIC_URL"),
    });
  });

  it.each([
    [{ status: 401, body: { ok: false, error_code: 401, description: "Unauthorized" } }, "auth"],
    [{ status: 401, body: "<h1>hotel</h1>" }, "retryable"],
    [{ status: 502, body: "<h1>bad gateway</h1>" }, "retryable"],
    ["cut" as const, "retryable"],
  ])("classifies %j as a failure of kind %s", async (answer, kind) => {
    api.override = () => answer;
    const thrown = await connect().catch((error: unknown) => error);
    expect(platform.classifyError(thrown).kind).toBe(kind);
  });
});
