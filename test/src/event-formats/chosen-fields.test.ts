import { describe, expect, it } from "vitest";
import {
  ActivityEventSchema,
  HookEventSchema,
  ResultEventSchema,
  SessionEventSchema,
  StatusEventSchema,
} from "../../../openapi/event-schemas.ts";
import { chosenFieldsWriter, EVENT_FIELDS } from "../../../src/event-formats/chosen-fields.ts";
import { createBatch, encodeEvent } from "../../../src/streaming/encoded-event.ts";

describe("chosen fields of an event", () => {
  it("may be any that events have, but for the cursor", () => {
    const schemas = [ResultEventSchema, StatusEventSchema, ActivityEventSchema, SessionEventSchema, HookEventSchema];
    const properties = new Set(schemas.flatMap(({ properties }) => Object.keys(properties)));
    properties.delete("cursor");
    expect([...EVENT_FIELDS].sort()).toEqual([...properties].sort());
  });

  it("are written in one line, with the type and what the event has of them", () => {
    const { write } = chosenFieldsWriter(["retryAt", "object", "rid"]);
    const event = { type: "result", rid: 7, status: "sent", object: { body: "a\nb" } };
    expect(write(JSON.stringify(event), "")).toBe('{"type":"result","rid":7,"object":{"body":"a\\nb"}}');
    expect(write(JSON.stringify({ cursor: "e.1-0", ...event }), "")).toContain('"cursor":"e.1-0"');
  });

  it("are encoded once for all listeners that chose the same", () => {
    const batch = createBatch([encodeEvent("e", "1-0", '{"type":"result","rid":7,"status":"sent"}')]);
    const bytes = batch.bytes("sse", chosenFieldsWriter(["rid", "status"]));
    expect(batch.bytes("sse", chosenFieldsWriter(["status", "type", "rid"]))).toBe(bytes);
    expect(batch.bytes("sse", chosenFieldsWriter(["rid"]))).not.toEqual(bytes);
  });

  it("leave a bounded number of encodings with an event, however many forms are asked for", () => {
    const event = encodeEvent("e", "1-0", '{"type":"result","rid":7,"status":"sent"}');
    const batch = createBatch([event]);
    for (const first of EVENT_FIELDS) {
      for (const second of EVENT_FIELDS) batch.bytes("sse", chosenFieldsWriter([first, second]));
    }
    expect(event.encodings.size).toBeLessThanOrEqual(20);
    expect(batch.bytes("sse", chosenFieldsWriter(["lost", "name"])).toString()).toContain('{"type":"result"}');
  });
});
