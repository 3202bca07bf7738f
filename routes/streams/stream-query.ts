import type { IncomingMessage } from "node:http";
import {
  type ChosenField,
  chosenFieldsWriter,
  EVENT_FIELDS,
  EVENT_FORMATS,
  type EventFormats,
  type EventWriter,
} from "../../src/event-formats/event-formats.ts";
import type { Filter } from "../../src/event-log/filter.ts";
import { EVENT_TYPES, type EventType } from "../../src/model/event.ts";
import { badParameter, parametersOf, repeatedParameter, singleParameter } from "../http/query-parameters.ts";

/** Parameters in the address of a stream, socket or poll. */
export interface StreamQuery {
  /** A cursor as sent, `earliest` or `latest`; unreadable ones become a gap, never a refusal. */
  readonly after: string | undefined;
  readonly filter: Filter;
  /** The event's type goes into `event:` too. */
  readonly named: boolean;
  /** Seconds a poll may wait. */
  readonly wait: number;
  /** Writer of the format in `format`, or of the fields in `fields`. Absent: the log's own form. */
  readonly writer: EventWriter | undefined;
  readonly hasChosenFields: boolean;
}

/** Readers of what the query names. */
export interface StreamNames {
  /** A platform's own id for any of its names. */
  readonly canonicalId: (platform: string) => string;
  readonly formats: EventFormats;
}

const MAX_WAIT_SECONDS = 30;

/**
 * Reads the query. A `Last-Event-ID` header beats `after`, since a browser that reconnects repeats its first address.
 * Throws `Problem` `bad-parameter`. Parameters that are not known here are passed over.
 */
export function streamQuery(req: IncomingMessage, { canonicalId, formats }: StreamNames): StreamQuery {
  const params = parametersOf(req.url);
  const header = req.headers["last-event-id"];
  const sent = typeof header === "string" && header !== "" ? header : undefined;
  const types = repeatedParameter(params, "type", `one of ${EVENT_TYPES.join(", ")}`, (type) =>
    EVENT_TYPES.some((known) => known === type),
  );
  const platforms = repeatedParameter(params, "platform", "a platform's name", (name) =>
    /^[A-Za-z0-9._-]{1,32}$/.test(name),
  );
  const actors = repeatedParameter(params, "actor", "an address", (address) => address.length <= 512);
  const rids = repeatedParameter(params, "rid", "an rid", (rid) => /^[A-Za-z0-9._:@~-]{1,128}$/.test(rid));
  const format = formatIn(singleParameter(params, "format"));
  const fields = fieldsIn(singleParameter(params, "fields"));
  if (fields !== undefined && format !== undefined && format !== "dragoman")
    throw badParameter("fields", "goes with the format dragoman only");
  return {
    after: sent ?? singleParameter(params, "after") ?? singleParameter(params, "lastEventId"),
    filter: {
      ...(types ? { types: types as EventType[] } : {}),
      ...(platforms ? { platforms: platforms.map(canonicalId) } : {}),
      ...(actors ? { actors } : {}),
      ...(rids ? { rids } : {}),
    },
    named: flag(singleParameter(params, "named")),
    wait: seconds(singleParameter(params, "wait")),
    writer: fields === undefined ? formats.writerOf(format) : chosenFieldsWriter(fields),
    hasChosenFields: fields !== undefined,
  };
}

function flag(value: string | undefined): boolean {
  if (value === undefined || value === "0" || value === "false") return false;
  if (value === "1" || value === "true") return true;
  throw badParameter("named", "takes 1 or 0");
}

function formatIn(value: string | undefined) {
  const format = EVENT_FORMATS.find((name) => name === value);
  if (value !== undefined && format === undefined)
    throw badParameter("format", `takes one of ${EVENT_FORMATS.join(", ")}`);
  return format;
}

function fieldsIn(value: string | undefined): readonly ChosenField[] | undefined {
  return value?.split(",").map((name) => {
    const field = EVENT_FIELDS.find((known) => known === name);
    if (field === undefined)
      throw badParameter("fields", `takes fields of events, separated by commas: ${EVENT_FIELDS.join(", ")}`);
    return field;
  });
}

function seconds(value: string | undefined): number {
  if (value === undefined) return 0;
  if (!/^\d{1,6}$/.test(value)) throw badParameter("wait", "takes a whole number of seconds");
  return Math.min(Number(value), MAX_WAIT_SECONDS);
}
