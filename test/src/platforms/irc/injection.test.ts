import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Activity } from "../../../../src/model/activity.ts";
import { validationErrors } from "../../../../src/model/validate.ts";
import { irc } from "../../../../src/platforms/irc/platform.ts";
import { testConnectionContext } from "../../../support/connection-context.ts";
import { type ScriptedIrc, scriptedIrc } from "../../../support/scripted-irc.ts";
import { testVerbContext } from "../../../support/verb-context.ts";

const EVIL = [
  "\r",
  "\n",
  "\0",
  "\r\n",
  " ",
  ",",
  ":",
  "\u0001",
  "QUIT",
  "\r\nQUIT :owned",
  "#",
  "@",
  "!",
  "\u0085",
  "\u2028",
];
const evil = fc.string({
  unit: fc.oneof(fc.constantFrom(...EVIL), fc.constantFrom("a", "é", "€", "🎉", "1")),
  maxLength: 60,
});
const name = fc.oneof(
  fc.constantFrom("#room", "alice", "&local"),
  evil,
  evil.map((text) => `#${text}`),
  evil.map((text) => `alice${text}`),
);
const optional = (value: fc.Arbitrary<string>) => fc.option(value, { nil: undefined });
/** Text whose control characters hide behind entities, which no pattern of a schema sees. */
const hidden = evil.map((text) => [...text].map((letter) => `&#${letter.codePointAt(0)};`).join(""));
const work = fc.oneof(
  fc.record({
    verb: fc.constant("send"),
    object: fc.oneof(fc.record({ html: hidden }), fc.record({ markdown: hidden })),
  }),
  fc.record({
    verb: fc.constant("send"),
    object: fc.record({ body: evil, type: fc.constantFrom("message", "action", "notice") }),
  }),
  fc.record({ verb: fc.constant("join"), object: fc.record({ password: optional(evil) }) }),
  fc.record({ verb: fc.constant("leave"), object: fc.record({ reason: optional(evil) }) }),
  fc.record({ verb: fc.constantFrom("kick", "invite"), object: fc.record({ address: name }) }),
  fc.record({ verb: fc.constant("kick"), object: fc.record({ address: fc.constant("alice"), reason: evil }) }),
  fc.record({ verb: fc.constant("update"), object: fc.record({ type: fc.constant("topic"), body: evil }) }),
  fc.record({ verb: fc.constant("update"), object: fc.record({ type: fc.constant("profile"), name }) }),
  fc.record({ verb: fc.constant("query"), object: fc.record({ type: fc.constantFrom("members", "person") }) }),
  fc.record({ verb: fc.constant("query"), object: fc.record({ type: fc.constant("rooms"), match: evil }) }),
);
const COMMANDS: Readonly<Record<string, RegExp>> = {
  send: /^(PRIVMSG|NOTICE|ISON)$/,
  join: /^JOIN$/,
  leave: /^PART$/,
  kick: /^KICK$/,
  invite: /^INVITE$/,
  update: /^(TOPIC|NICK)$/,
  query: /^(NAMES|WHOIS|LIST)$/,
};

describe("the IRC wire", () => {
  const platform = irc();
  let server: ScriptedIrc;
  let client: unknown;
  beforeAll(async () => {
    server = await scriptedIrc();
    const credentials = { host: "127.0.0.1", port: server.port, tls: "none", pace: { burst: 10_000, interval: 0 } };
    client = await platform.connect?.(testConnectionContext({ address: "bob", credentials }) as never);
    // This answer shows that the login is complete.
    await bytesOf(activityOf("query", "", { type: "rooms" }));
  });
  afterAll(async () => {
    await platform.dispose?.(client);
    await server.stop();
  });

  /** Runs a verb without validation and returns the bytes that reached the server. */
  async function bytesOf(activity: Activity): Promise<string> {
    const from = server.bytes().length;
    const pending = activity.target.map((_, index) => index);
    await platform.verbs[activity.verb]
      ?.run(client, activity, testVerbContext({ pending }))
      .catch((thrown: unknown) => {
        expect(platform.classifyError(thrown).code).not.toBe("internal-error");
      });
    // The answer to this query shows that all earlier lines were sent.
    await platform.verbs.query?.run(client, { ...activity, target: [], object: { type: "rooms" } }, testVerbContext());
    return server.bytes().subarray(from).toString("latin1");
  }

  const activityOf = (verb: string, address: string, fields: object): Activity => {
    const object = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
    const targetless = object.type === "profile" || object.type === "rooms";
    const target = targetless ? [] : [{ address }];
    return { id: "1", rid: "1", platform: "irc", verb, actor: { address: "bob" }, target, object };
  };

  it.each([
    ["activities that the schema accepts", true],
    ["activities that no schema has checked", false],
  ])("gets a single line per command from %s", async (_what, checked) => {
    await fc.assert(
      fc.asyncProperty(work, name, async ({ verb, object }, address) => {
        const activity = activityOf(verb, address, object);
        if (checked) {
          const { actor, target } = activity;
          const fits =
            validationErrors(platform.verbs[verb]?.schema as never, { actor, target, object: activity.object })
              .length === 0;
          fc.pre(fits && platform.validate?.(verb, activity) === undefined);
        }
        const sent = await bytesOf(activity);
        expect(sent.endsWith("\r\n")).toBe(true);
        const lines = sent.slice(0, -2).split("\r\n");
        for (const line of lines) {
          expect(line).not.toMatch(/[\r\n\0]/);
          expect(Buffer.byteLength(line, "latin1")).toBeLessThanOrEqual(510);
        }
        const commands = lines.map((line) => line.split(" ", 1)[0] ?? "").filter((command) => command !== "PING");
        expect(commands.at(-1)).toBe("LIST");
        for (const command of commands.slice(0, -1)) expect(command).toMatch(COMMANDS[verb] as RegExp);
        if (checked && verb !== "send") expect(commands.length).toBe(2);
      }),
      { numRuns: 400 },
    );
    expect(server.connections()).toBe(1);
  });

  it.each(["nick", "user", "realname", "password"])(
    "is protected from a login whose %s has two lines",
    async (field) => {
      const example = { host: "h", [field]: "x\r\nQUIT" };
      expect(validationErrors(platform.credentials?.schema as never, example)).toMatchObject([
        { pointer: `/${field}` },
      ]);
    },
  );

  it.each([
    ["send", [{ address: "#a,#b" }], { body: "x" }, "/target/0/address"],
    ["send", [{ address: "alice\r\nQUIT" }], { body: "x" }, "/target/0/address"],
    ["send", [{ address: ":alice" }], { body: "x" }, "/target/0/address"],
    ["send", [{ address: "#a b" }], { body: "x" }, "/target/0/address"],
    ["send", [{ address: `#${"x".repeat(64)}` }], { body: "x" }, "/target/0/address"],
    ["send", [{ address: `#${"€".repeat(30)}` }], { body: "x" }, "/target/0/address"],
    ["send", [{ address: "alice" }], { body: "a\0b" }, "/object/body"],
    ["send", [{ address: "alice" }], { body: "\u0001VERSION\u0001" }, "/object/body"],
    ["send", [{ address: "alice" }], { body: " \n " }, "/object/body"],
    ["send", [{ address: "alice" }], { body: "x\n".repeat(21) }, "/object/body"],
    ["join", [{ address: "alice" }], {}, "/target/0/address"],
    ["join", [{ address: "#a" }], { password: "a b" }, "/object/password"],
    ["join", [{ address: "#a" }], { password: ":a" }, "/object/password"],
    ["join", [{ address: "#a" }], { password: "a,b" }, "/object/password"],
    ["leave", [{ address: "#a" }], { reason: "a\nb" }, "/object/reason"],
    ["invite", [{ address: "#a" }], { address: "#b" }, "/target/0/address"],
    ["invite", [{ address: "alice" }], { address: "bob" }, "/object/address"],
    ["query", [{ address: "#a" }], { type: "attendance" }, "/object/type"],
    ["kick", [{ address: "#a" }], { address: "b c" }, "/object/address"],
    ["update", [{ address: "#a" }], { type: "topic", body: "a\r\nb" }, "/object/body"],
    ["update", [{ address: "#a" }], { type: "topic", body: "€".repeat(131) }, "/object/body"],
    ["update", [], { type: "profile", name: "a b" }, "/object/name"],
    ["update", [], { type: "topic", body: "a" }, "/target"],
    ["query", [], {}, "/target"],
    ["query", [{ address: "alice" }], {}, "/target/0/address"],
    ["query", [{ address: "#a" }], { type: "person" }, "/target/0/address"],
    ["query", [], { type: "rooms", match: "a\r\nb" }, "/object/match"],
  ])("never sees %s to %j with %j: refused with a pointer", (verb, target, object, pointer) => {
    const activity = { ...activityOf(verb, "", object), target };
    const fault = validationErrors(platform.verbs[verb]?.schema as never, { actor: activity.actor, target, object })[0];
    const refused = fault ?? platform.validate?.(verb, activity);
    expect(refused?.pointer).toBe(pointer);
  });
});
