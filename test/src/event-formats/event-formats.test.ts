import as2Context from "activitystreams-context" with { type: "json" };
import { CloudEvent, HTTP } from "cloudevents";
import fc from "fast-check";
import jsonld from "jsonld";
import { describe, expect, it } from "vitest";
import {
  AS2_CONTEXT,
  EVENT_FORMATS,
  eventFormats,
  fromActivityStreams,
  fromCloudEvent,
  toActivityStreams,
  toCloudEvent,
} from "../../../src/event-formats/event-formats.ts";
import type { LoggedEvent } from "../../../src/event-formats/logged-event.ts";
import { platformRegistry, schemeLookup } from "../../../src/platform/platform-registry.ts";
import { VERBS } from "../../../src/platform/vocabulary/verbs.ts";
import { platforms } from "../../../src/platforms/index.ts";

const shipped = platforms({}).filter(({ id }) => id !== "dummy");
const schemeOf = schemeLookup(platformRegistry(shipped).find);
const CURSOR = "Vg2ynrsz.1795364955088-0";
const published = "2026-11-28T04:00:00.000Z";

interface Example {
  readonly actor: object;
  readonly target?: readonly object[];
  readonly object?: object;
}
/** Examples of all verbs, as arriving events and as results. */
const EXAMPLES: ReadonlyArray<readonly [title: string, event: LoggedEvent]> = shipped.flatMap((platform) =>
  Object.entries(platform.verbs).flatMap(([verb, { example }]): Array<readonly [string, LoggedEvent]> => {
    const { actor, target = [], object = {} } = example as unknown as Example;
    const head = { cursor: CURSOR, platform: platform.id, verb, published };
    const arrival = { ...head, type: "activity", actor, target, object, received: published, self: false };
    const outcomes = target.map((item) => ({ ...item, status: "sent", id: "1" }));
    const result = {
      ...head,
      type: "result",
      rid: "r1",
      id: "01TEST",
      actor,
      target: outcomes,
      object,
      status: "sent",
    };
    return [
      [`${platform.id} ${verb} that arrives`, arrival],
      [`${platform.id} ${verb} that was carried out`, { ...result, attempts: 1 }],
    ];
  }),
);
const OTHERS: ReadonlyArray<readonly [title: string, event: LoggedEvent]> = [
  [
    "a mail with everything",
    {
      cursor: CURSOR,
      type: "activity",
      platform: "email",
      verb: "send",
      actor: { address: "foo+tag@bar.com", name: "Foo Bär", id: "x" },
      target: [{ address: "bob@example.com", field: "cc" }],
      object: {
        type: "message",
        id: "<a%b@bar.com>",
        inReplyTo: "<c@bar.com>",
        subject: "Hi",
        body: "Hello",
        html: "<p>Hello</p>",
        attachments: [{ name: "a.png", mediaType: "image/png", size: 3, part: "2", width: 1 }],
        email: { tls: true },
      },
      context: { type: "thread", id: "<a@bar.com>", name: "Hi" },
      published,
      received: published,
    },
  ],
  [
    "a post of a feed",
    {
      cursor: CURSOR,
      type: "activity",
      platform: "feeds",
      verb: "post",
      actor: { address: "https://a.example/feed" },
      target: [{ address: "app" }],
      object: { id: "https://a.example/1", title: "T", url: "https://a.example/1", published, image: "no address" },
      context: { type: "feed", id: "https://a.example/feed" },
      published,
      received: published,
    },
  ],
  [
    "a session",
    {
      cursor: CURSOR,
      type: "session",
      platform: "xmpp",
      actor: { address: "a@b.example" },
      state: "online",
      published,
    },
  ],
  [
    "a hook",
    {
      cursor: CURSOR,
      type: "hook",
      name: "crm",
      state: "disabled",
      error: { code: "x", detail: "y", retryable: false },
      published,
    },
  ],
  ["a gap", { type: "gap", requested: null, earliest: CURSOR, latest: CURSOR }],
  ["a test of a hook", { type: "test", hook: "crm", published }],
];

/** Expands JSON-LD with the published context; safe mode throws on everything that has no meaning. */
async function expand(document: object): Promise<unknown> {
  return jsonld.expand(
    document as jsonld.JsonLdDocument,
    {
      safe: true,
      documentLoader: async (url) => {
        if (url !== AS2_CONTEXT[0]) throw new Error(`unknown context ${url}`);
        return { documentUrl: url, document: as2Context };
      },
    } as jsonld.Options.Expand,
  );
}

describe.each([...EXAMPLES, ...OTHERS])("%s", (_title, event) => {
  it("becomes a CloudEvent that the CloudEvents SDK accepts, and comes back", () => {
    const cloudEvent = toCloudEvent(event, CURSOR);
    expect(fromCloudEvent(JSON.parse(JSON.stringify(cloudEvent)))).toEqual(event);
    const headers = { "content-type": "application/cloudevents+json" };
    const read = HTTP.toEvent({ headers, body: JSON.stringify(cloudEvent) }) as CloudEvent<unknown>;
    expect(read.validate()).toBe(true);
    expect(read.data).toEqual(event);
    expect(new CloudEvent({ ...cloudEvent }).toJSON()).toMatchObject(cloudEvent);
  });

  it("becomes an activity of Activity Streams whose JSON-LD has a meaning throughout, and comes back", async () => {
    const activity = JSON.parse(JSON.stringify(toActivityStreams(event, schemeOf)));
    expect(fromActivityStreams(activity, schemeOf)).toEqual(event);
    const [expanded] = (await expand(activity)) as Array<{ readonly "@type": readonly string[] }>;
    expect(expanded?.["@type"]).toEqual([`https://www.w3.org/ns/activitystreams#${activity.type}`]);
  });
});

describe("Activity Streams", () => {
  it("names persons, ids and rooms by URIs of their networks", () => {
    const room = { type: "room", id: "#lobby" };
    const irc = {
      type: "activity",
      platform: "irc",
      verb: "send",
      published,
      context: room,
      target: [{ address: "bob" }],
    };
    expect(
      toActivityStreams({ ...irc, actor: { address: "alice" }, object: { id: "1 2", body: "Hi" } }, schemeOf),
    ).toMatchObject({
      type: "Create",
      actor: { type: "Person", id: "irc:alice" },
      to: [{ id: "irc:bob" }],
      object: { type: "Note", id: "urn:dragoman:irc:object:1%202", content: "Hi", mediaType: "text/plain" },
      context: { type: "Group", id: "irc:%23lobby" },
    });
    const telegram = { ...irc, platform: "telegram", actor: { address: "4711" }, object: {} };
    expect(toActivityStreams(telegram, schemeOf)).toMatchObject({
      actor: { id: "urn:dragoman:telegram:address:4711" },
    });
  });

  it("has a type for each verb that it can express", () => {
    const types = new Set(Object.values(as2Context["@context"]).map((term) => (typeof term === "string" ? term : "")));
    for (const { as2 = "Activity" } of Object.values(VERBS) as Array<{ readonly as2?: string }>)
      expect(types).toContain(`as:${as2}`);
  });
});

describe("any event", () => {
  const text = fc.string({ unit: "grapheme", minLength: 0, maxLength: 12 });
  const value = fc.oneof(
    text,
    fc.webUrl(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(text, { maxLength: 2 }),
  );
  const person = fc.record({ address: text, name: text, id: text }, { requiredKeys: ["address"] });
  const object = fc.record(
    {
      type: text,
      id: value,
      body: value,
      html: value,
      inReplyTo: value,
      url: value,
      image: value,
      title: text,
      published: value,
      attachments: value,
      location: value,
      content: text,
      mediaType: text,
      email: fc.dictionary(text, text),
    },
    { requiredKeys: [] },
  );
  const event = fc.record(
    {
      type: fc.constantFrom("activity", "result", "status", "session", "hook"),
      cursor: fc.constant(CURSOR),
      platform: fc.constantFrom("email", "irc", "xmpp", "telegram", "feeds"),
      verb: fc.constantFrom(...Object.keys(VERBS), "unheard"),
      actor: person,
      target: fc.array(person, { maxLength: 3 }),
      object,
      context: fc.record(
        { type: fc.constantFrom("room", "direct", "thread", "feed"), id: text, name: text },
        { requiredKeys: ["type"] },
      ),
      published: fc.constant(published),
      rid: fc.oneof(text, fc.integer()),
      self: fc.boolean(),
    },
    { requiredKeys: ["type"] },
  );

  it("comes back from each format as it was", () => {
    fc.assert(
      fc.property(event, (made) => {
        // As JSON carries it, which knows no -0 and no objects without prototype.
        const logged = JSON.parse(JSON.stringify(made)) as LoggedEvent;
        const as2 = JSON.parse(JSON.stringify(toActivityStreams(logged, schemeOf)));
        expect(fromActivityStreams(as2, schemeOf)).toEqual(logged);
        const cloudEvent = JSON.parse(JSON.stringify(toCloudEvent(logged, CURSOR)));
        expect(fromCloudEvent(cloudEvent)).toEqual(logged);
        expect(new CloudEvent(cloudEvent).validate()).toBe(true);
      }),
    );
  });

  it("is written in one line by each writer", () => {
    const { writerOf } = eventFormats(schemeOf);
    expect(EVENT_FORMATS.map((format) => writerOf(format)?.name)).toEqual([
      undefined,
      "cloudevents",
      "activitystreams",
    ]);
    fc.assert(
      fc.property(event, fc.constantFrom("cloudevents" as const, "activitystreams" as const), (made, format) => {
        expect(writerOf(format)?.write(JSON.stringify(made), CURSOR)).not.toMatch(/[\r\n]/);
      }),
    );
  });
});
