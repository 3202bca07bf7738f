import { optional } from "../../../model/optional.ts";
import { noJrd } from "../errors.ts";

/** Link of a JRD (RFC 7033 section 4.4.4). */
export interface Link {
  readonly rel: string;
  readonly type?: string;
  readonly href?: string;
  readonly template?: string;
  readonly titles?: Properties;
  readonly properties?: Properties;
}
export type Properties = Readonly<Record<string, string | null>>;

/** JSON Resource Descriptor (RFC 7033 section 4.4) within bounds, as far as usable. */
export interface Jrd {
  readonly subject?: string;
  readonly aliases: readonly string[];
  readonly links: readonly Link[];
  readonly properties: Properties;
}

const MAX_LENGTH = { subject: 512, address: 2_048, type: 256, key: 2_048, value: 8_192 } as const;
const MAX_ITEMS = 100;
/** Bytes of one descriptor as JSON. Ten, with all else, fit into a result's 256 KiB. */
const MAX_JRD_BYTES = 18 * 1024;

/**
 * Parses a server's answer member by member. Members of another type or beyond the bounds are left out, as are those that the
 * RFC does not name. Throws `platform-protocol-error` for an answer that is no JSON object.
 */
export function parseJrd(body: Uint8Array): Jrd {
  const answer = parseObject(body);
  const subject = text(answer.subject, MAX_LENGTH.subject);
  const jrd = {
    ...optional("subject", subject === "" ? undefined : subject),
    aliases: itemsOf(answer.aliases).flatMap((alias) => text(alias, MAX_LENGTH.address) ?? []),
    links: linksOf(answer.links).slice(0, MAX_ITEMS),
    properties: propertiesOf(answer.properties),
  };
  return withinBytes({ ...jrd, aliases: jrd.aliases.slice(0, MAX_ITEMS) });
}

function parseObject(body: Uint8Array): Readonly<Record<string, unknown>> {
  let answer: unknown;
  try {
    answer = JSON.parse(new TextDecoder().decode(body));
  } catch {
    // The error below does not repeat the stranger's text.
  }
  if (!isRecord(answer)) throw noJrd();
  return answer;
}

function linksOf(value: unknown): readonly Link[] {
  const isSingle = isRecord(value) && typeof value.rel === "string";
  return (isSingle ? [value] : itemsOf(value)).flatMap((link) => (isRecord(link) ? linkOf(link) : []));
}

function linkOf(link: Readonly<Record<string, unknown>>): readonly Link[] {
  const rel = text(link.rel, MAX_LENGTH.key);
  if (rel === undefined) return [];
  return [
    {
      rel,
      ...optional("type", text(link.type, MAX_LENGTH.type)),
      ...optional("href", text(link.href, MAX_LENGTH.address)),
      ...optional("template", text(link.template, MAX_LENGTH.address)),
      ...optional("titles", nonEmpty(propertiesOf(link.titles))),
      ...optional("properties", nonEmpty(propertiesOf(link.properties))),
    },
  ];
}

/** Reads properties; numbers and booleans become text. Leaves out `__proto__`, which could change a listener's objects. */
function propertiesOf(value: unknown): Properties {
  if (!isRecord(value)) return {};
  const entries = Object.entries(value)
    .filter(([key]) => key !== "__proto__" && key.length <= MAX_LENGTH.key)
    .flatMap(([key, property]): Array<[string, string | null]> => {
      if (property === null) return [[key, null]];
      const isScalar = typeof property === "number" || typeof property === "boolean";
      const read = text(isScalar ? String(property) : property, MAX_LENGTH.value);
      return read === undefined ? [] : [[key, read]];
    });
  return Object.fromEntries(entries.slice(0, MAX_ITEMS));
}

/** Returns the items of a list. Some servers send a map of numbers to items, or a single item. */
function itemsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (isRecord(value)) return Object.values(value);
  return typeof value === "string" ? [value] : [];
}

/** Drops properties, aliases and the last links until the descriptor is small enough. */
function withinBytes(jrd: Jrd): Jrd {
  const candidates = [jrd, { ...jrd, properties: {} }, { ...jrd, properties: {}, aliases: [] }];
  const fitting = candidates.find((candidate) => jsonBytes(candidate) <= MAX_JRD_BYTES);
  if (fitting) return fitting;
  let remaining = MAX_JRD_BYTES - jsonBytes({ ...jrd, properties: {}, aliases: [], links: [] });
  const links = jrd.links.filter((link) => {
    remaining -= jsonBytes(link) + 1;
    return remaining >= 0;
  });
  return { ...jrd, properties: {}, aliases: [], links };
}

function nonEmpty(properties: Properties): Properties | undefined {
  return Object.keys(properties).length > 0 ? properties : undefined;
}

function text(value: unknown, maxLength: number): string | undefined {
  return typeof value === "string" && value.length <= maxLength ? value : undefined;
}

function jsonBytes(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
