import { optional } from "../model/optional.ts";
import { type Fields, fieldsOf, textOf } from "./logged-event.ts";
import { addressUri, isWebAddress, type SchemeOf, urnOf } from "./uris.ts";

/** Part of an event in Activity Streams, and what that does not hold exactly. */
interface Mapped {
  readonly as2: Fields;
  readonly rest: Fields;
}

/** Types of objects by the `type` that the vocabulary gives them. */
const TYPES: Readonly<Record<string, string>> = {
  message: "Note",
  action: "Note",
  notice: "Note",
  topic: "Note",
  mail: "Note",
  room: "Group",
  person: "Person",
  profile: "Person",
  collection: "Collection",
};
/** Types of contexts. */
const PLACES: Readonly<Record<string, string>> = {
  room: "Group",
  thread: "Collection",
  feed: "OrderedCollection",
  timeline: "OrderedCollection",
};

/** Maps the object of an event. Exact terms move into `as2`; others are copied where Activity Streams says the like. */
export function objectOf(platform: string, value: unknown): Mapped | undefined {
  if (value === undefined) return undefined;
  const { id, inReplyTo, url, image, published, updated, ...other } = fieldsOf(value);
  const { text, rest } = textIn(other);
  const exact = { id, inReplyTo, url, image, published, updated };
  const fits: Readonly<Record<keyof typeof exact, boolean>> = {
    id: textOf(id) !== undefined,
    inReplyTo: textOf(inReplyTo) !== undefined,
    url: isWebAddress(url),
    image: isWebAddress(image),
    published: isTime(published),
    updated: isTime(updated),
  };
  const names = Object.keys(exact) as Array<keyof typeof exact>;
  const moved = names.filter((name) => fits[name]);
  const left = names.filter((name) => !fits[name] && exact[name] !== undefined);
  const isId = (name: string) => name === "id" || name === "inReplyTo";
  return {
    as2: {
      type: typeOf(other),
      ...Object.fromEntries(
        moved.map((name) => [name, isId(name) ? urnOf(platform, "object", String(exact[name])) : exact[name]]),
      ),
      ...text,
      ...copiesOf(other),
    },
    rest: { ...rest, ...Object.fromEntries(left.map((name) => [name, exact[name]])) },
  };
}

/** Maps the context of an event. The id of a room or person is an address. */
export function contextOf(schemeOf: SchemeOf, platform: string, value: unknown): Mapped | undefined {
  if (value === undefined) return undefined;
  const { id, name, ...rest } = fieldsOf(value);
  const known = textOf(id);
  const label = textOf(name);
  const isAddress = rest.type === "room" || rest.type === "direct";
  const uri = (text: string) => (isAddress ? addressUri(schemeOf, platform, text) : urnOf(platform, "context", text));
  return {
    as2: {
      type: PLACES[String(rest.type)] ?? "Object",
      ...optional("id", known && uri(known)),
      ...optional("name", label),
    },
    rest: {
      ...rest,
      ...(known === undefined ? optional("id", id) : {}),
      ...(label === undefined ? optional("name", name) : {}),
    },
  };
}

/** Moves the text: HTML where there is some, else the body. */
function textIn({ html, body, ...rest }: Fields): { readonly text: Fields; readonly rest: Fields } {
  if (typeof html === "string")
    return { text: { content: html, mediaType: "text/html" }, rest: { ...rest, ...optional("body", body) } };
  if (typeof body === "string")
    return { text: { content: body, mediaType: "text/plain" }, rest: { ...rest, ...optional("html", html) } };
  return { text: {}, rest: { ...rest, ...optional("html", html), ...optional("body", body) } };
}

function typeOf({ type, title, html, body }: Fields): string {
  if (title !== undefined) return "Article";
  return TYPES[String(type)] ?? (html === undefined && body === undefined ? "Object" : "Note");
}

/** Copies for readers of Activity Streams: name, attachments and place. The exact terms stay in the rest. */
function copiesOf({ title, subject, name, attachments, location, total }: Fields): Fields {
  const label = textOf(title) ?? textOf(subject) ?? textOf(name);
  const files = Array.isArray(attachments) ? attachments.flatMap(documentOf) : [];
  const { latitude, longitude, name: placeName } = fieldsOf(location);
  const isPlace = typeof latitude === "number" && typeof longitude === "number";
  return {
    ...optional("name", label),
    ...(files.length === 0 ? {} : { attachment: files }),
    ...(isPlace ? { location: { type: "Place", latitude, longitude, ...optional("name", textOf(placeName)) } } : {}),
    ...optional("totalItems", Number.isSafeInteger(total) ? total : undefined),
  };
}

function documentOf(attachment: unknown): Fields[] {
  const { name, mediaType, url, width, height, alt } = fieldsOf(attachment);
  const kind = /^(image|audio|video)\//.exec(String(mediaType))?.[1];
  const type = kind === undefined ? "Document" : `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
  if (textOf(name) === undefined && !isWebAddress(url)) return [];
  return [
    {
      type,
      ...optional("name", textOf(name)),
      ...optional("mediaType", textOf(mediaType)),
      ...(isWebAddress(url) ? { url } : {}),
      ...optional("width", width),
      ...optional("height", height),
      ...optional("summary", textOf(alt)),
    },
  ];
}

function isTime(value: unknown): boolean {
  return typeof value === "string" && !Number.isNaN(Date.parse(value));
}
