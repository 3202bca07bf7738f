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

/** Person or resource that a search found, with the members of a JRD (RFC 7033 section 4.4). */
export const Found = Type.Object(
  {
    /** Posted target that led here. */
    address: Line(512),
    /** The network's own name of the subject, which `send` takes. */
    subject: Line(2048),
    aliases: Type.Array(Line(2048), { maxItems: 100 }),
    links: Type.Array(Link, { maxItems: 100 }),
    properties: Properties,
    name: Type.Optional(Line(256)),
    /** Picture, http or https. */
    avatar: Type.Optional(Line(2048)),
  },
  { additionalProperties: false },
);
export type Found = Static<typeof Found>;

/** Result object of every platform's `search`. */
export const SearchResult = Type.Object({ results: Type.Array(Found) }, { additionalProperties: false });
export type SearchResult = Static<typeof SearchResult>;
