import type { OpenAPIV3_1 } from "openapi-types";
import { EVENT_TYPES } from "../../src/model/event.ts";
import { header, operation, type Paths, query } from "../operation.ts";
import type { Schema, SchemaSerializer } from "../plain.ts";
import { json } from "../responses.ts";

const STREAM = `Everything that happens, in order: \`result\` (exactly one for each accepted rid), \`status\`, \`activity\`
(something arrived), \`session\` (an account's connection changed) and \`hook\` (a webhook was switched off).

**As a stream** (Server-Sent Events): each event is one line of JSON in \`data:\`, without an \`event:\` field, so that
plain \`onmessage\` sees all; \`?named=1\` puts the type there. Control events are always named: \`ready\` first (its id
is where this stream starts reading), \`position\` (how far was read though nothing matched), \`gap\` (what the cursor
asks for is no longer kept) and \`goodbye\` (the stream ends, and whether to come back). A comment comes every 15 s.
Reconnecting with the last \`id:\` (EventSource does it by itself with \`Last-Event-ID\`) brings every later event
exactly once, or a \`gap\`. What would be 429 or 503 is a 200 with a \`retry:\` and a \`goodbye\` here, since EventSource
closes for good on any other status.

**As JSON** (\`Accept: application/json\`): the events after \`after\` at once, or after up to \`wait\` seconds. Without
\`after\` it starts at the end: keep the \`cursor\` and ask again with it. The way for PHP and cron.`;
const SOCKET = `Upgrade to a WebSocket (RFC 6455); text frames of JSON both ways. The client sends activities as it would post
them and gets for each the same confirm as \`POST /activities\` answers, or \`{"type":"refused","rid":…,"problem":{…}}\`,
always before any event of that rid. The server sends events, the same JSON with their \`cursor\`, and control events
with their \`type\`. \`after\` and the filters work as on the stream. Who asks is settled before the upgrade, so a refused
client sees an HTTP status. Close codes: 44xx don't come back with the same credentials (4400 bad frame, 4401
unauthenticated, expired or revoked, 4403 forbidden, 4429 too many); 45xx come back and resume (4500 error, 4503 drain,
4504 too slow, 4505 age, 4529 rate limit).`;

const handshake = {
  Upgrade: { description: "`websocket`", required: true, schema: { type: "string" as const } },
  "Sec-WebSocket-Accept": { description: "As RFC 6455 says.", required: true, schema: { type: "string" as const } },
};
const several = (enumeration?: readonly string[]): Schema => ({
  type: "array",
  items: enumeration === undefined ? { type: "string" } : { type: "string", enum: [...enumeration] },
});

/** The stream, the poll and the socket. */
export function eventPaths(serializer: SchemaSerializer): Paths {
  const filters = [
    query("after", "Cursor to read on from, `earliest` or `latest` (the default).", { type: "string" }),
    query("platform", "Only of these platforms; may be repeated, as the next three.", several()),
    query("actor", "Only of these accounts.", several()),
    query("rid", "Only of these rids.", several()),
    query("type", "Only of these types.", several(EVENT_TYPES)),
  ];
  const events = ["ResultEvent", "StatusEvent", "ActivityEvent", "SessionEvent", "HookEvent"].map(serializer.ref);
  const controls = {
    ready: serializer.ref("ReadyControl"),
    position: serializer.ref("PositionControl"),
    gap: serializer.ref("GapControl"),
    goodbye: serializer.ref("GoodbyeControl"),
  };
  const eventStream = {
    schema: {
      description: "What the `data:` of one block holds: an event, or what `x-events` says for the block's `event:`.",
      anyOf: [...events, ...Object.values(controls)],
    },
    "x-events": controls,
  } as OpenAPIV3_1.MediaTypeObject;
  const polled = json("Events, as a stream or as JSON.", serializer.ref("Poll"));
  return {
    "/events": {
      get: operation(serializer, {
        id: "getEvents",
        tag: "Events",
        summary: "Stream or poll events",
        description: STREAM,
        scope: "listen",
        tickets: true,
        parameters: [
          ...filters,
          query("named", "`1`: the type in `event:`.", { type: "string", enum: ["0", "1"] }),
          query("wait", "JSON only: seconds to wait for an event.", { type: "integer", minimum: 0, maximum: 30 }),
          header("Last-Event-ID", "As `after`; what EventSource sends when it reconnects.", { type: "string" }),
        ],
        answers: {
          "200": { ...polled, content: { "text/event-stream": eventStream, ...polled.content } },
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
        parameters: filters,
        answers: { "101": { description: "The WebSocket is open.", headers: handshake } },
        problems: ["bad-parameter", "upgrade-required", "shutting-down"],
      }),
    },
  };
}
