import Type from "typebox";
import { validationErrors } from "../../../model/validate.ts";
import type { Found } from "../../../platform/kit/search-result.ts";
import { noJrd } from "../errors.ts";

const text = (maxLength: number) => Type.String({ maxLength });
const Properties = Type.Record(text(2048), Type.Union([text(8192), Type.Null()]), { maxProperties: 100 });
const Link = Type.Object({
  rel: text(2048),
  type: Type.Optional(text(256)),
  href: Type.Optional(text(2048)),
  template: Type.Optional(text(2048)),
  titles: Type.Optional(Type.Record(text(64), text(1024), { maxProperties: 50 })),
  properties: Type.Optional(Properties),
});

/** JSON Resource Descriptor (RFC 7033 section 4.4) within bounds. Unknown members are ignored, as the RFC asks. */
const Jrd = Type.Object({
  subject: Type.Optional(Type.String({ minLength: 1, maxLength: 2048 })),
  aliases: Type.Optional(Type.Array(text(2048), { maxItems: 100 })),
  links: Type.Optional(Type.Array(Link, { maxItems: 100 })),
  properties: Type.Optional(Properties),
});
type Jrd = Type.Static<typeof Jrd>;
type Link = Type.Static<typeof Link>;

const NAMES = ["http://schema.org/name", "https://schema.org/name", "http://packetizer.com/ns/name"];
const AVATAR = "http://webfinger.net/rel/avatar";

/** Parses a server's answer; `uri` is the resource asked for. Throws `platform-protocol-error` for other content. */
export function parseJrd(body: Uint8Array, address: string, uri: string): Found {
  const jrd = parsed(body);
  const { subject = uri, aliases = [], links = [], properties = {} } = jrd;
  const name = NAMES.map((key) => properties[key]).find((value) => typeof value === "string" && value !== "");
  const avatar = links.find(({ rel, href = "" }) => rel === AVATAR && /^https?:\/\//i.test(href))?.href;
  return {
    address,
    subject,
    aliases: [...aliases],
    links: links.map(knownMembers),
    properties: withoutProto(properties),
    ...(name ? { name: name.slice(0, 256) } : {}),
    ...(avatar === undefined ? {} : { avatar }),
  };
}

function parsed(body: Uint8Array): Jrd {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    if (validationErrors(Jrd, value).length === 0) return value as Jrd;
  } catch {
    // Neither UTF-8 nor JSON; the error below does not repeat the stranger's text.
  }
  throw noJrd();
}

/** Keeps only the members that the RFC names. */
function knownMembers({ rel, type, href, template, titles, properties }: Link): Found["links"][number] {
  return {
    rel,
    ...(type === undefined ? {} : { type }),
    ...(href === undefined ? {} : { href }),
    ...(template === undefined ? {} : { template }),
    ...(titles === undefined ? {} : { titles: withoutProto(titles) }),
    ...(properties === undefined ? {} : { properties: withoutProto(properties) }),
  };
}

/** Copies a record without `__proto__`, which could change objects of JavaScript listeners. */
function withoutProto<Value>(record: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(record).filter(([key]) => key !== "__proto__"));
}
