import { afterAll, beforeAll, expect, it } from "vitest";
import { gateway } from "../../support/gateway.ts";

let live: Awaited<ReturnType<typeof gateway>>;
let key: string;
beforeAll(async () => {
  live = await gateway({}, { works: false, relay: "smtp://127.0.0.1:1" });
  key = await live.keyOf("site");
});
afterAll(() => live.stop());

async function post(body: string) {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const answer = await fetch(`${live.url}/gateway/activities`, { method: "POST", headers, body });
  return { status: answer.status, body: (await answer.json()) as object };
}

it("the founding essay's mail example is accepted as printed", async () => {
  const answer = await post(`{ "rid": "klf9fwkw3ks0sdxme33", "verb": "send", "platform": "email",
  "actor":  { "name": "Bob User", "address": "bob@example.com" },
  "target": { "name": "Foo Bar",  "address": "foo@bar.com" },
  "object": { "subject": "Hi", "body": "Hello World!" } }`);
  expect(answer).toMatchObject({
    status: 202,
    body: { type: "confirm", rid: "klf9fwkw3ks0sdxme33", status: "queued" },
  });
});

it("the founding essay's Facebook example is parsed, and refused before an account is looked up", async () => {
  const answer = await post(`{ "rid": 123, "platform": "facebook", "verb": "send", "actor": { "address": "zuck" },
  "target": [{ "address": "barackobama" }], "object": { "text": "hi" } }`);
  expect(answer).toMatchObject({
    status: 422,
    body: { code: "recipient-not-reachable", rid: 123, errors: [{ pointer: "/target/0/address" }] },
  });
  const known = { platform: "facebook", verb: "send", target: { address: "6543210987654321" }, object: { body: "hi" } };
  expect(await post(JSON.stringify({ ...known, actor: { address: "104998765432101" } }))).toMatchObject({
    status: 422,
    body: { code: "account-unknown" },
  });
  expect(await post(JSON.stringify({ ...known, actor: { address: "zuck" } }))).toMatchObject({
    status: 422,
    body: { code: "validation-failed", errors: [{ pointer: "/actor/address" }] },
  });
});
