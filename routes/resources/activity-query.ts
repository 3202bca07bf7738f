import type { IncomingMessage } from "node:http";
import { optional } from "../../src/model/optional.ts";
import type { ActivityQuery } from "../../src/operations/list-activities.ts";
import { ACTIVITY_STATUSES, type ActivityStatus } from "../../src/outbox/activity-status.ts";
import type { HistoryEntry, HistoryRange } from "../../src/outbox/history.ts";

import {
  badParameter,
  parametersOf,
  refuseUnknown,
  repeatedParameter,
  singleParameter,
} from "../http/query-parameters.ts";

const KNOWN = ["status", "platform", "verb", "actor", "target", "since", "until", "after", "limit"];
/** Form of a cursor: time and rid of the entry that it follows. */
export const HISTORY_CURSOR = /^(\d{1,15})\.([A-Za-z0-9._:@~-]{1,128})$/;
/** Form of a time. A date, or a date with a time and its offset (RFC 3339). */
export const HISTORY_TIME =
  /^[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,3})?)?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]))?$/;
const PAGE = 100;

/** Reads the query of `GET /activities`. Throws `Problem` `bad-parameter`, also for unknown parameters. */
export function activityQuery({ url }: IncomingMessage, canonicalId: (platform: string) => string): ActivityQuery {
  const params = parametersOf(url);
  refuseUnknown(params, KNOWN);
  const statuses = repeatedParameter(params, "status", `one of ${ACTIVITY_STATUSES.join(", ")}`, (value) =>
    ACTIVITY_STATUSES.some((status) => status === value),
  );
  const platforms = repeatedParameter(params, "platform", "a platform's name", (name) =>
    /^[A-Za-z0-9._-]{1,32}$/.test(name),
  );
  const isAddress = (address: string): boolean => address.length <= 512;
  return {
    filter: {
      ...optional("statuses", statuses as ActivityStatus[] | undefined),
      ...optional("platforms", platforms?.map(canonicalId)),
      ...optional(
        "verbs",
        repeatedParameter(params, "verb", "a verb", (verb) => /^[A-Za-z0-9-]{1,32}$/.test(verb)),
      ),
      ...optional("actors", repeatedParameter(params, "actor", "an address", isAddress)),
      ...optional("targets", repeatedParameter(params, "target", "an address", isAddress)),
    },
    range: rangeIn(params),
    limit: limitIn(singleParameter(params, "limit")),
  };
}

/** Returns the cursor of the page after an entry. */
export function historyCursor({ acceptedAt, rid }: Pick<HistoryEntry, "acceptedAt" | "rid">): string {
  return `${acceptedAt}.${rid}`;
}

function rangeIn(params: URLSearchParams): HistoryRange {
  const cursor = singleParameter(params, "after");
  const [, ms, rid = ""] = HISTORY_CURSOR.exec(cursor ?? "") ?? [];
  if (cursor !== undefined && ms === undefined) throw badParameter("after", "takes `next` of the previous page");
  return {
    ...optional("since", timeIn(params, "since")),
    ...optional("until", timeIn(params, "until")),
    ...(ms === undefined ? {} : { after: { acceptedAt: Number(ms), rid } }),
  };
}

function timeIn(params: URLSearchParams, name: string): number | undefined {
  // A plus that was not encoded arrives as a space.
  const value = singleParameter(params, name)?.replace(" ", "+");
  if (value === undefined) return undefined;
  const ms = HISTORY_TIME.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw badParameter(name, "takes a time such as 2030-12-31T23:59:00Z, or a date");
  return ms;
}

function limitIn(value: string | undefined): number {
  if (value === undefined) return PAGE;
  const limit = /^\d{1,3}$/.test(value) ? Number(value) : 0;
  if (limit < 1 || limit > PAGE) throw badParameter("limit", `takes 1 to ${PAGE}`);
  return limit;
}
