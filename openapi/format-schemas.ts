import Type from "typebox";
import type { CloudEvent } from "../src/event-formats/event-formats.ts";
import { describes } from "./describes.ts";

/** Event in the JSON format of CloudEvents 1.0. */
export const CloudEventSchema = describes<Omit<CloudEvent, "data"> & { readonly data: Record<string, unknown> }>()(
  Type.Object(
    {
      specversion: Type.Literal("1.0"),
      id: Type.String({ minLength: 1, description: "The event's cursor." }),
      source: Type.String({ format: "uri-reference", description: "`/<platform>/<account>`." }),
      type: Type.String({ description: "`dragoman.<type>.<verb or state>`, such as `dragoman.activity.send`." }),
      subject: Type.Optional(Type.String({ description: "Conversation of an arrival, rid of a result." })),
      time: Type.Optional(Type.String({ format: "date-time" })),
      datacontenttype: Type.Literal("application/json"),
      data: Type.Record(Type.String(), Type.Unknown(), { description: "The whole event." }),
    },
    { additionalProperties: false, description: "An event as CloudEvents 1.0." },
  ),
);

export const CloudEventBatchSchema = Type.Array(CloudEventSchema, {
  description: "Events since `after`, oldest first; a `dragoman.gap` first where events are lost.",
});

const As2Activity = Type.Object(
  {
    "@context": Type.Unknown(),
    type: Type.String({ description: "Activity type, such as `Create`; docs/vocabulary.md has the mapping." }),
    "dragoman:event": Type.Record(Type.String(), Type.Unknown(), {
      description: "What the terms of Activity Streams do not hold exactly.",
    }),
  },
  { additionalProperties: true },
);

/** Page of events in Activity Streams 2.0. */
export const ActivityStreamsPageSchema = Type.Object(
  {
    "@context": Type.Unknown({ description: "JSON-LD context." }),
    type: Type.Literal("OrderedCollectionPage"),
    next: Type.String({ format: "uri-reference", description: "Address of the next page." }),
    orderedItems: Type.Array(As2Activity),
  },
  { additionalProperties: false, description: "Events since `after` as Activity Streams 2.0 (JSON-LD), oldest first." },
);
