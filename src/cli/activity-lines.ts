import type { Event } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";
import { reasonOf } from "../operations/standing.ts";
import type { ActivityRecord } from "../outbox/outbox.ts";

/** Returns an activity as one line for people. It ends with the reason of a failure. */
export function activityLine(record: ActivityRecord): string {
  const { acceptedAt, status, platform, verb, actor, target, rid, retryAt } = record;
  return line([
    new Date(acceptedAt).toISOString(),
    retryAt === undefined ? status : `${status} until ${new Date(retryAt).toISOString()}`,
    `${platform} ${verb}`,
    way(actor, target),
    String(rid),
    reasonText(reasonOf(record)),
  ]);
}

/** Returns an event as one line for people. */
export function eventLine(event: Event): string {
  const { type, platform, published } = placeOf(event);
  return line([published, type, platform, ...detailsOf(event)]);
}

function placeOf(event: Event): { readonly type: string; readonly platform: string; readonly published: string } {
  return { type: event.type, platform: event.type === "hook" ? "" : event.platform, published: event.published };
}

function detailsOf(event: Event): readonly string[] {
  switch (event.type) {
    case "result":
    case "status": {
      const failed = event.error ?? event.target.find(({ error }) => error !== undefined)?.error;
      return [event.status, event.verb, way(event.actor, event.target), String(event.rid), reasonText(failed)];
    }
    case "activity":
      return [event.verb, way(event.actor, event.target)];
    case "session":
      return [event.state, event.actor.address, reasonText(event.error)];
    case "hook":
      return [event.state, event.name, reasonText(event.error)];
  }
}

interface Addressed {
  readonly address: string;
}

function way(actor: Addressed, target: readonly Addressed[]): string {
  return `${actor.address} -> ${target.map(({ address }) => address).join(", ")}`;
}

function reasonText(error: EventError | undefined): string {
  if (error === undefined) return "";
  const { code, detail, platformCode } = error;
  return `${code}: ${detail}${platformCode === undefined ? "" : ` (${platformCode})`}`;
}

/** Joins the parts of a line. Networks' words must not steer the terminal. */
function line(parts: readonly string[]): string {
  return parts
    .filter((part) => part !== "")
    .join("  ")
    .replace(/\p{Cc}/gu, "�");
}
