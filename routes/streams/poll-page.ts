import type { ServerResponse } from "node:http";
import { AS2_CONTEXT, type EventFormats, type EventWriter } from "../../src/event-formats/event-formats.ts";
import { type EncodedEvent, formattedJson } from "../../src/streaming/encoded-event.ts";
import type { StreamGap } from "../../src/streaming/subscriber.ts";
import { PRIVATE_HEADERS } from "../http/private-answer.ts";
import { badParameter } from "../http/query-parameters.ts";
import type { StreamQuery } from "./stream-query.ts";

/** Format whose standard defines pages of events. */
export type BatchFormat = "cloudevents" | "activitystreams";

/** Events of a poll, and how far was read. */
export interface PolledEvents {
  readonly events: readonly EncodedEvent[];
  readonly cursor: string;
  readonly gap: StreamGap | undefined;
}

/** Writes the answer of a poll. */
export type PollPage = (res: ServerResponse, polled: PolledEvents) => void;

const TYPES: Readonly<Record<BatchFormat | "json", string>> = {
  json: "application/json; charset=utf-8",
  cloudevents: "application/cloudevents-batch+json; charset=utf-8",
  activitystreams: "application/activity+json; charset=utf-8",
};

/** Returns the media type of a poll's answer. */
export function pollType(form: BatchFormat | "json"): string {
  return TYPES[form];
}

/**
 * Returns the writer of a poll's answers. `json` is `{events, cursor, gap?}`, with events in the query's format; a CloudEvents
 * batch or an Activity Streams page names the next page by a `Link` header, and begins with the gap if there is one.
 * Throws `Problem` `bad-parameter` for chosen fields of such a page.
 */
export function pollPage(
  form: BatchFormat | "json",
  formats: EventFormats,
  { writer, hasChosenFields }: Pick<StreamQuery, "writer" | "hasChosenFields">,
  url: string,
): PollPage {
  if (form === "json") return (res, polled) => send(res, pollType(form), ownPage(polled, writer));
  if (hasChosenFields) throw badParameter("fields", "goes with Accept: application/json or text/event-stream only");
  const batchWriter = formats.writerOf(form);
  return (res, polled) => {
    const next = nextPage(url, polled.cursor);
    const items = [
      ...gapItems(polled, batchWriter),
      ...polled.events.map((event) => formattedJson(event, batchWriter)),
    ];
    const body = form === "cloudevents" ? `[${items.join(",")}]` : as2Page(items, next);
    send(res, pollType(form), body, { Link: `<${next}>; rel="next"` });
  };
}

function ownPage({ events, cursor, gap }: PolledEvents, writer: EventWriter | undefined): string {
  const gapField = gap ? `,"gap":${JSON.stringify({ requested: null, ...gap })}` : "";
  return `{"events":[${events.map((event) => formattedJson(event, writer)).join(",")}],"cursor":"${cursor}"${gapField}}`;
}

function as2Page(items: readonly string[], next: string): string {
  const head = JSON.stringify({ "@context": AS2_CONTEXT, type: "OrderedCollectionPage", next });
  return `${head.slice(0, -1)},"orderedItems":[${items.join(",")}]}`;
}

function gapItems({ gap }: PolledEvents, writer: EventWriter | undefined): string[] {
  if (gap === undefined || writer === undefined) return [];
  const json = JSON.stringify({ type: "gap", requested: null, ...gap });
  return [writer.write(json, `gap_${gap.latest}`)];
}

/** Address of the next page: the same query after the cursor. A ticket is good for one request and left out. */
function nextPage(url: string, cursor: string): string {
  const params = new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?") + 1) : "");
  for (const name of ["ticket", "lastEventId"]) params.delete(name);
  params.set("after", cursor);
  return `?${params}`;
}

function send(res: ServerResponse, type: string, text: string, headers: Readonly<Record<string, string>> = {}): void {
  const body = Buffer.from(text);
  res.writeHead(200, { "Content-Type": type, "Content-Length": body.length, ...headers, ...PRIVATE_HEADERS });
  res.end(body);
}
