import Type, { type Static } from "typebox";

const Line = (maxLength: number) => Type.String({ maxLength });
const Properties = Type.Record(Type.String({ maxLength: 2048 }), Type.Union([Type.String(), Type.Null()]));

const Link = Type.Object(
  {
    rel: Line(2048),
    type: Type.Optional(Line(256)),
    href: Type.Optional(Line(2048)),
    template: Type.Optional(Line(2048)),
    titles: Type.Optional(Type.Record(Type.String({ maxLength: 64 }), Line(1024))),
    properties: Type.Optional(Properties),
  },
  { additionalProperties: false },
);

/** Somebody or something a search found: the JRD's words (RFC 7033 section 4.4) and what a list shows of it. */
export const Found = Type.Object(
  {
    /** The target that led here, as it was posted. */
    address: Line(512),
    /** The network's own name for it: what to write to. */
    subject: Line(2048),
    aliases: Type.Array(Line(2048), { maxItems: 100 }),
    links: Type.Array(Link, { maxItems: 100 }),
    properties: Properties,
    name: Type.Optional(Line(256)),
    /** An http or https address of a picture. */
    avatar: Type.Optional(Line(2048)),
  },
  { additionalProperties: false },
);
export type Found = Static<typeof Found>;

/** The `object` of the result of every platform's `search`: whatever the network, an app reads it the same way. */
export const SearchResult = Type.Object({ results: Type.Array(Found) }, { additionalProperties: false });
export type SearchResult = Static<typeof SearchResult>;
