import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SCOPES } from "../../../../src/platforms/twitter/oauth-consent.ts";
import { testConnectionContext } from "../../../support/connection-context.ts";
import { testVerbContext } from "../../../support/verb-context.ts";
import { activityOf, xAccount } from "../../../support/x-account.ts";
import { xDocument } from "../../../support/x-document.ts";
import { X_OPERATIONS } from "../../../support/x-operations.ts";
import { oauth1Of } from "../../../support/x-simulator.ts";

let x: Awaited<ReturnType<typeof xAccount>>;
const png = Buffer.from("\u0089PNG\r\n\u001a\n", "latin1");
const mp4 = Buffer.from("\0\0\0\u0018ftypmp42", "latin1");
const attachment = [{ name: "a", url: "https://example.org/a" }];

/** Everything that the platform can ask X for, once each. */
beforeAll(async () => {
  x = await xAccount();
  const bob = await x.open(x.server.oauth2.login("12"));
  const post = x.server.addPost("34", "Hello @bob");
  const own = x.server.addPost("12", "Mine");
  const message = x.server.addMessage("34", "12-34", "Psst");
  const to = (...addresses: readonly string[]) => ({ target: addresses.map((address) => ({ address })) });
  const blobs = (content: Buffer) => ({ attachments: async () => [{ name: "a", content }] });
  await bob("post", { object: { body: "Look", attachments: attachment } }, blobs(mp4));
  await bob("post", { object: { body: "Yes", inReplyTo: post, quotes: post } });
  await bob("send", { ...to("@alice"), object: { body: "Hi" } });
  await bob("send", { ...to("34"), object: { attachments: attachment } }, blobs(png));
  await bob("send", { ...to("conversation:12-34"), object: { body: "Hi again" } });
  for (const verb of ["share", "react", "unreact", "unshare"]) await bob(verb, { object: { id: post } });
  for (const verb of ["follow", "unfollow"]) await bob(verb, to("@alice"));
  const lists = ["home", "mentions", "messages", "@alice", "messages:34", "conversation:12-34", `thread:${post}`];
  await bob("fetch", { ...to(...lists), object: { limit: 100 } });
  await bob("fetch", { ...to("mentions"), object: { limit: 1, after: `older:${post}`, before: "newer:1" } });
  await bob("search", { ...to("bob"), object: { type: "person" } });
  await bob("search", { ...to("Hello"), object: {} });
  await bob("query", { target: [], object: { type: "person" } });
  await bob("query", to("34", "@alice"));
  await bob("delete", { object: { id: own } });
  await bob("delete", { ...to("@alice"), object: { id: message } });
  await streamed();
});

/** Subscribes to a search by the filtered stream, then unsubscribes, which deletes the rule. */
async function streamed(): Promise<void> {
  x.server.streams.settings.forbidden = false;
  const connectionContext = testConnectionContext({ credentials: oauth1Of("12"), address: "@bob", egress: x.egress });
  const client = await x.platform.connect?.(connectionContext as never);
  const run = async (verb: string) => {
    const activity = activityOf(x.platform, verb, { target: [{ address: "search:dragoman" }] });
    await x.platform.verbs[verb]?.run(client, activity, testVerbContext());
  };
  const until = (fits: () => boolean) => vi.waitUntil(fits, { timeout: 60_000, interval: 5 });
  await run("subscribe");
  await until(() => x.server.streams.connected() === 1);
  const id = x.server.addPost("34", "A dragoman");
  await connectionContext.arrived(({ key }) => key === `post:${id}`);
  await run("unsubscribe");
  await until(() => x.server.streams.rules().length === 0);
  connectionContext.abort();
  await x.platform.dispose?.(client);
}
afterAll(() => x.stop());

it("every request fits its operation, and every operation is covered", () => {
  expect(x.server.exchanges.filter(({ status }) => status >= 300)).toEqual([]);
  const tried = new Set(x.server.exchanges.map(({ endpoint }) => endpoint));
  expect(
    X_OPERATIONS.map(({ method, path }) => `${method} ${path}`).filter((endpoint) => !tried.has(endpoint)),
  ).toEqual([]);
});

it("answers have the fields of their operation", () => {
  for (const { endpoint, answer } of x.server.exchanges) {
    const fact = X_OPERATIONS.find(({ method, path }) => `${method} ${path}` === endpoint);
    const { data } = answer as { readonly data?: object | readonly object[] };
    for (const item of [data ?? []].flat())
      expect(Object.keys(item), endpoint).toEqual(expect.arrayContaining([...(fact?.data ?? [])]));
  }
});

it("the consent requests the scopes of all requests and offline access", () => {
  const needed = new Set(X_OPERATIONS.flatMap(({ scopes }) => scopes));
  expect(new Set(SCOPES)).toEqual(new Set([...needed, "offline.access"]));
});

// X's document may not be redistributed; the test runs where its file is named.
const file = process.env.X_OPENAPI;
if (file !== undefined) {
  describe("the simulator's operations against X's own document", () => {
    it("match the document", async () => {
      const document = await xDocument(file);
      for (const fact of X_OPERATIONS) expect(document.factFaults(fact), `${fact.method} ${fact.path}`).toEqual([]);
    });

    it("make every request and answer valid", async () => {
      const document = await xDocument(file);
      expect(x.server.exchanges.length).toBeGreaterThan(30);
      for (const exchange of x.server.exchanges)
        expect(document.exchangeFaults(exchange), exchange.endpoint).toEqual([]);
    });
  });
}
