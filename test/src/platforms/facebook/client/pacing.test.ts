import { afterAll, beforeAll, expect, it } from "vitest";
import { ANN, BEN, facebookSimulator, LOGIN, PAGE } from "../../../../support/facebook-simulator.ts";
import { gateway } from "../../../../support/gateway.ts";

let live: Awaited<ReturnType<typeof gateway>>;
let facebook: Awaited<ReturnType<typeof facebookSimulator>>;
let key: string;
beforeAll(async () => {
  facebook = await facebookSimulator({ limit: { calls: 15, seconds: 1 } });
  live = await gateway({ ALLOW_PRIVATE: "127.0.0.0/8", FACEBOOK_API_URL: facebook.url });
  key = await live.keyOf("shop");
  expect((await call("PUT", "/accounts", { platform: "facebook", address: PAGE, credentials: LOGIN })).status).toBe(
    201,
  );
});
afterAll(async () => {
  await live.stop();
  await facebook.stop();
});

async function call(method: string, path: string, body?: unknown) {
  const answer = await fetch(`${live.url}/gateway${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Accept: "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

it("messages beyond Facebook's limit are sent once each, in order per conversation", async () => {
  const people = [ANN, BEN, ...Array.from({ length: 8 }, (_, at) => `900000000000000${at}`)];
  for (const person of people) facebook.wrote(person);
  const activities = Array.from({ length: 30 }, (_, at) => ({
    rid: `n${at}`,
    platform: "facebook",
    verb: "send",
    actor: { address: PAGE },
    target: { address: people[at % people.length] },
    object: { body: String(at) },
  }));
  expect((await call("POST", "/activities", activities)).status).toBe(202);
  const results: Array<Record<string, unknown>> = [];
  for (let cursor = "earliest"; results.length < activities.length; ) {
    const { body } = await call("GET", `/events?after=${cursor}&wait=20&type=result`);
    results.push(...(body.events as typeof results));
    cursor = String(body.cursor);
  }
  expect(results.filter(({ status }) => status !== "sent")).toEqual([]);
  expect(facebook.sent.map(({ message }) => Number(message.text)).sort((a, b) => a - b)).toEqual(
    activities.map((_, at) => at),
  );
  for (const person of people) {
    const numbers = facebook.sent.filter(({ to }) => to === person).map(({ message }) => Number(message.text));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  }
  expect(facebook.calls.length).toBeGreaterThan(activities.length);
});
