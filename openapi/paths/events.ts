import type { OpenAPIV3_1 } from "openapi-types";
import { EVENT_FIELDS, EVENT_FORMATS } from "../../src/event-formats/event-formats.ts";
import { RID_PATTERN } from "../../src/model/activity.ts";
import { EVENT_TYPES } from "../../src/model/event.ts";
import { header, operation, type Paths, query } from "../operation.ts";
import type { Schema, SchemaSerializer } from "../plain.ts";
import { headers, json } from "../responses.ts";

const STREAM = `All events of the app, in order: \`result\` (exactly one for each accepted rid), \`status\`, \`activity\`
(incoming message), \`session\` (an account's connection changed) and \`hook\` (a webhook was switched off).

**As a stream** (Server-Sent Events): each event is one line of JSON in \`data:\`, without an \`event:\` field, so that
plain \`onmessage\` receives all; \`?named=1\` sends the type there. Control events are always named: \`ready\` first (its id
is the stream's starting position), \`position\` (position read without a matching event), \`gap\` (events after the cursor
are no longer kept) and \`goodbye\` (the stream ends, and whether to reconnect). A comment comes every 15 s.
Reconnecting with the last \`id:\` (EventSource sends it as \`Last-Event-ID\`) delivers every later event exactly once,
or a \`gap\`. Temporary conditions (429 or 503) are answered 200 with \`retry:\` and \`goodbye\` here, since EventSource
closes for good on any other status.

**As JSON** (\`Accept: application/json\`): the events after \`after\` at once, or after up to \`wait\` seconds. Without
\`after\` it starts at the end: store the \`cursor\` and poll again with it. Suited to PHP and cron.

**With some fields only**: \`?fields=rid,status\` leaves out the others of each event, on all three ways. \`type\` is always
there, as is \`cursor\` in polls and sockets. Control events stay whole.

**In a standard's format**: \`?format=cloudevents\` or \`activitystreams\` changes the form of each event, on all three ways. A
poll with \`Accept: application/cloudevents-batch+json\` or \`application/activity+json\` is a page as that standard defines it;
\`Link: <…>; rel="next"\` is the address of the next page.`;
const SOCKET = `Upgrade to a WebSocket (RFC 6455); text frames of JSON both ways. The client sends activities as in
\`POST /activities\` and gets for each the same answer as \`POST /activities\` answers, or \`{"type":"refused","rid":…,"problem":{…}}\`,
always before any event of that rid. The server sends events, the same JSON with their \`cursor\`, and control events
with their \`type\`. \`after\` and the filters work as on the stream. Authentication happens before the upgrade, so a refused
client sees an HTTP status. Close codes: 44xx don't come back with the same credentials (4400 bad frame, 4401
unauthenticated, expired or revoked, 4403 forbidden, 4429 too many); 45xx come back and resume (4500 error, 4503 drain,
4504 too slow, 4505 age, 4529 rate limit).`;

const handshake = {
  Upgrade: { description: "`websocket`", required: true, schema: { type: "string" as const } },
  "Sec-WebSocket-Accept": { description: "See RFC 6455.", required: true, schema: { type: "string" as const } },
};
const several = (items: Schema): Schema => ({ type: "array", items: { type: "string", ...items }, maxItems: 50 });
const PLATFORM_NAME: Schema = { pattern: "^[A-Za-z0-9._-]{1,32}$" };

/** Query parameters of the stream, the poll and the socket. */
const FILTERS = [
  query("after", "Cursor to continue from, `earliest` or `latest` (default, as is an empty one).", {
    type: "string",
  }),
  query("platform", "Only events of these platforms; can be repeated, as can the next three.", several(PLATFORM_NAME)),
  query("actor", "Only events of these accounts.", several({ minLength: 1, maxLength: 512 })),
  query("rid", "Only events of these rids.", several({ pattern: RID_PATTERN })),
  query("type", "Only events of these types.", several({ enum: [...EVENT_TYPES] })),
  query("format", "Format of each event; default `dragoman`.", { type: "string", enum: [...EVENT_FORMATS] }),
  {
    ...query("fields", "Fields of each event, separated by commas; default all. Not with another format.", {
      type: "array",
      items: { type: "string", enum: [...EVENT_FIELDS] },
    }),
    style: "form",
    explode: false,
  },
];

/** The stream, the poll and the socket. */
export function eventPaths(serializer: SchemaSerializer): Paths {
  const controls = {
    ready: serializer.ref("ReadyControl"),
    position: serializer.ref("PositionControl"),
    gap: serializer.ref("GapControl"),
    goodbye: serializer.ref("GoodbyeControl"),
  };
  const eventStream = {
    schema: {
      description: "The `data:` of a block: an event, or the schema in `x-events` for the block's `event:`.",
      anyOf: [serializer.ref("Event"), ...Object.values(controls)],
    },
    "x-events": controls,
  } as OpenAPIV3_1.MediaTypeObject;
  const polled = json("Events, as a stream or as JSON.", serializer.ref("Poll"));
  return {
    "/events": {
      get: operation(serializer, {
        id: "listEvents",
        tag: "Events",
        summary: "Stream or poll events",
        description: STREAM,
        scope: "listen",
        tickets: true,
        parameters: [
          ...FILTERS,
          query("named", "`1`: send the type in `event:`.", { type: "string", enum: ["0", "1"] }),
          query("wait", "JSON only: seconds to wait for an event.", { type: "integer", minimum: 0, maximum: 30 }),
          header("Last-Event-ID", "As `after`; sent by EventSource when it reconnects.", { type: "string" }),
        ],
        answers: {
          "200": {
            ...polled,
            headers: { Link: headers.Link },
            content: {
              "text/event-stream": eventStream,
              ...polled.content,
              "application/cloudevents-batch+json": { schema: serializer.ref("CloudEventBatch") },
              "application/activity+json": { schema: serializer.ref("ActivityStreamsPage") },
            } as NonNullable<OpenAPIV3_1.ResponseObject["content"]>,
          },
          "204": { description: "The token has expired or was revoked: EventSource stops." },
        },
        problems: ["bad-parameter", "not-acceptable", "shutting-down"],
      }),
    },
    "/socket": {
      get: operation(serializer, {
        id: "openSocket",
        tag: "Events",
        summary: "Open a WebSocket",
        description: SOCKET,
        scope: "listen",
        tickets: true,
        parameters: FILTERS,
        answers: { "101": { description: "The WebSocket is open.", headers: handshake } },
        problems: ["bad-parameter", "upgrade-required", "shutting-down"],
      }),
    },
  };
}
