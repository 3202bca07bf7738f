import { optional } from "../model/optional.ts";
import { canonicalVerb } from "../platform/vocabulary/verbs.ts";
import { contextOf, objectOf } from "./activity-streams-object.ts";
import { type Fields, fieldsOf, type LoggedEvent, textOf } from "./logged-event.ts";
import { addressUri, fromUri, type SchemeOf, urnOf } from "./uris.ts";

/** JSON-LD context. What Activity Streams has no term for is one JSON literal, `dragoman:event`. */
export const AS2_CONTEXT = [
  "https://www.w3.org/ns/activitystreams",
  { dragoman: "urn:dragoman:", "dragoman:event": { "@id": "dragoman:event", "@type": "@json" } },
] as const;

/** Event as an activity of Activity Streams 2.0 (JSON-LD). */
export type As2Activity = Fields & { readonly "@context": typeof AS2_CONTEXT; readonly type: string };

/**
 * Writes an event as Activity Streams 2.0. Types, persons, texts, attachments and contexts use its terms; addresses and ids
 * become URIs. `dragoman:event` keeps whatever those terms cannot hold exactly, so that `fromActivityStreams` loses nothing.
 */
export function toActivityStreams(event: LoggedEvent, schemeOf: SchemeOf): As2Activity {
  const { cursor, published, actor, target, object, context, ...rest } = event;
  const platform = textOf(event.platform) ?? "gateway";
  const person = personOf(schemeOf, platform, actor);
  const targets = Array.isArray(target) ? target.map((item) => personOf(schemeOf, platform, item)) : undefined;
  const content = objectOf(platform, object);
  const conversation = contextOf(schemeOf, platform, context);
  return {
    "@context": AS2_CONTEXT,
    type: canonicalVerb(String(event.verb))?.as2 ?? "Activity",
    ...optional("id", textOf(cursor) === undefined ? undefined : urnOf(platform, "event", String(cursor))),
    ...optional("actor", person?.as2),
    ...optional(
      "to",
      targets?.flatMap((item) => (item ? [item.as2] : [])),
    ),
    ...optional("object", content?.as2),
    ...optional("content", textOf(fieldsOf(object).content)),
    ...optional("context", conversation?.as2),
    ...optional("published", published),
    "dragoman:event": {
      ...rest,
      ...optional("actor", person?.rest),
      ...optional(
        "target",
        targets?.map((item) => item?.rest ?? {}),
      ),
      ...optional("object", content?.rest),
      ...optional("context", conversation?.rest),
    },
  };
}

/** Reads the event in a document of `toActivityStreams`. */
export function fromActivityStreams(document: Fields, schemeOf: SchemeOf): LoggedEvent {
  const rest = fieldsOf(document["dragoman:event"]);
  const platform = textOf(rest.platform) ?? "gateway";
  const uri = (value: unknown) => fromUri(schemeOf, platform, String(value));
  const person = (as2: unknown, more: unknown) => {
    const { id, name } = fieldsOf(as2);
    return { ...optional("address", id && uri(id)), ...optional("name", name), ...fieldsOf(more) };
  };
  const targets: readonly unknown[] = Array.isArray(rest.target) ? rest.target : [];
  const to: readonly unknown[] = Array.isArray(document.to) ? document.to : [];
  return {
    ...rest,
    type: String(rest.type),
    ...optional("cursor", document.id && uri(document.id)),
    ...optional("published", document.published),
    ...(rest.actor === undefined ? {} : { actor: person(document.actor, rest.actor) }),
    ...(rest.target === undefined ? {} : { target: targets.map((more, index) => person(to[index], more)) }),
    ...(rest.object === undefined ? {} : { object: readObject(fieldsOf(document.object), fieldsOf(rest.object), uri) }),
    ...(rest.context === undefined
      ? {}
      : { context: { ...readContext(fieldsOf(document.context), uri), ...fieldsOf(rest.context) } }),
  };
}

/** Reads the terms of an object that Activity Streams holds exactly. */
function readObject(as2: Fields, rest: Fields, uri: (value: unknown) => string): Fields {
  const isHtml = as2.mediaType === "text/html";
  return {
    ...optional("id", as2.id && uri(as2.id)),
    ...optional("inReplyTo", as2.inReplyTo && uri(as2.inReplyTo)),
    ...optional(isHtml ? "html" : "body", as2.content),
    ...optional("url", as2.url),
    ...optional("image", as2.image),
    ...optional("published", as2.published),
    ...optional("updated", as2.updated),
    ...rest,
  };
}

function readContext({ id, name }: Fields, uri: (value: unknown) => string): Fields {
  return { ...optional("id", id && uri(id)), ...optional("name", name) };
}

interface Mapped {
  readonly as2: Fields;
  /** What `as2` does not hold exactly. */
  readonly rest: Fields;
}

/** Maps an actor or target. Undefined where there is none; without an address nothing but the rest is left. */
function personOf(schemeOf: SchemeOf, platform: string, value: unknown): Mapped | undefined {
  if (value === undefined) return undefined;
  const { address, name, ...rest } = fieldsOf(value);
  const known = textOf(address);
  const label = textOf(name);
  return {
    as2: {
      type: "Person",
      ...optional("id", known && addressUri(schemeOf, platform, known)),
      ...optional("name", label),
    },
    rest: {
      ...rest,
      ...(known === undefined ? optional("address", address) : {}),
      ...(label === undefined ? optional("name", name) : {}),
    },
  };
}
