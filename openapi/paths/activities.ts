import type { OpenAPIV3_1 } from "openapi-types";
import { HISTORY_TIME } from "../../routes/resources/activity-query.ts";
import { RID_PATTERN } from "../../src/model/activity.ts";
import { ACTIVITY_STATUSES } from "../../src/outbox/activity-status.ts";
import { header, inPath, operation, type Paths, query } from "../operation.ts";
import type { Schema, SchemaSerializer } from "../plain.ts";
import { headers, json, rateHeaders } from "../responses.ts";

const POST = `Stores one activity, or a list of up to 100, and answers at once. The result arrives as a \`result\` event
(\`GET /events\`), by \`GET /activities/{rid}\`, or in this answer with \`Prefer: wait=N\`.

* \`rid\` is chosen by the app and is the idempotency key: the same rid with the same body returns the stored
  answer again (\`Idempotent-Replayed: true\`) and nothing is done twice; with another body it is refused (\`rid-reused\`).
  A client without an answer sends the same again. \`1\` and \`"1"\` are the same rid. Without a rid the gateway creates one.
* Activities of one actor with the same targets on one platform are carried out in the order they were accepted.
* \`target\` is one object or a list; each target gets an outcome of its own.
* An empty array is accepted where an empty object is expected (PHP's \`json_encode([])\`), and \`object.text\` for \`object.body\`.
* A body may weigh 64 kB, with attachments 14 MB (10 MiB of content). No deeper than 32 levels, no key twice.
* In a list each activity succeeds or fails independently; \`Prefer\` and \`Idempotency-Key\` don't apply to lists.`;

type Examples = Readonly<Record<string, OpenAPIV3_1.ExampleObject>>;

/** POST, GET and DELETE of activities. `examples` are bodies that can be posted as they are. */
export function activityPaths(serializer: SchemaSerializer, examples: Examples): Paths {
  return {
    "/activities": {
      get: listing(serializer),
      post: operation(serializer, {
        id: "createActivity",
        tag: "Activities",
        summary: "Create an activity",
        description: POST,
        scope: "send",
        parameters: [
          header("Prefer", "`wait=N`: wait up to N seconds (at most 30) for the result (RFC 7240).", {
            type: "string",
            examples: ["wait=10"],
          }),
          header("Idempotency-Key", "The rid, where the body has none.", {
            type: "string",
            pattern: `^(?:${RID_PATTERN.slice(1, -1)}|"${RID_PATTERN.slice(1, -1)}")$`,
          }),
        ],
        body: {
          schema: {
            oneOf: [
              serializer.ref("Activity"),
              { type: "array", minItems: 1, maxItems: 100, items: serializer.ref("Activity") },
            ],
          },
          examples: { ...examples },
        },
        answers: {
          "200": json("The result, when it came within `Prefer: wait`.", serializer.ref("ResultEvent"), {
            Location: headers.Location,
            "Idempotent-Replayed": headers["Idempotent-Replayed"],
            "Preference-Applied": headers["Preference-Applied"],
            ...rateHeaders,
          }),
          "202": json(
            "Accepted. For a list: one answer per activity.",
            { oneOf: [serializer.ref("Confirm"), serializer.ref("ConfirmList")] },
            {
              Location: {
                ...headers.Location,
                required: false,
                description: "Address of the activity's status; absent for a list.",
              },
              "Idempotent-Replayed": headers["Idempotent-Replayed"],
              ...rateHeaders,
            },
          ),
        },
        problems: [
          "bad-parameter",
          "platform-unknown",
          "verb-not-supported",
          "account-unknown",
          "rid-reused",
          "recipient-not-reachable",
          "quota-exceeded",
          "shutting-down",
        ],
      }),
    },
    "/activities/{rid}": byRid(serializer),
  };
}

const LIST = `The app's activities by time of acceptance, newest first, without their content; ended ones for 24 h
(setting RETENTION_HOURS), at most the newest 100,000 (HISTORY). Filters may be repeated: one value of each must fit.
Addresses are compared whole, without regard to case.

A page looks through 5,000 activities at most, so that a filtered page may be short, or empty, and have a \`next\` nevertheless.
A listener token lists the activities within its limits, as its streams show them.`;

const time: Schema = { type: "string", pattern: HISTORY_TIME.source, examples: ["2030-12-31T23:59:00Z", "2030-12-31"] };

/** GET of the app's activities. */
function listing(serializer: SchemaSerializer): OpenAPIV3_1.OperationObject {
  const filter = (name: string, description: string, items: Schema) =>
    query(name, description, { type: "array", maxItems: 50, items });
  const address: Schema = { type: "string", minLength: 1, maxLength: 512 };
  return operation(serializer, {
    id: "listActivities",
    tag: "Activities",
    summary: "List activities",
    description: LIST,
    scope: "listen",
    parameters: [
      filter("status", "Statuses.", { type: "string", enum: [...ACTIVITY_STATUSES] }),
      filter("platform", "Platforms, by any of their names.", { type: "string", pattern: "^[A-Za-z0-9._-]{1,32}$" }),
      filter("verb", "Verbs.", { type: "string", pattern: "^[A-Za-z0-9-]{1,32}$" }),
      filter("actor", "Actors' addresses.", address),
      filter("target", "Targets' addresses.", address),
      query("since", "Accepted then or later.", time),
      query("until", "Accepted then or earlier.", time),
      query("after", "`next` of the previous page; empty for the first.", {
        type: "string",
        pattern: "^(?:[0-9]{1,15}\\.[A-Za-z0-9._:@~-]{1,128})?$",
      }),
      query("limit", "Maximum number; default 100.", { type: "integer", minimum: 1, maximum: 100 }),
    ],
    answers: { "200": json("A page of activities.", serializer.ref("ActivityList")) },
    problems: ["bad-parameter", "not-configured"],
  });
}

/** GET and DELETE of an activity. */
function byRid(serializer: SchemaSerializer): Paths[string] {
  const standing = json("Status of the activity.", serializer.ref("ActivityStanding"));
  return {
    parameters: [
      inPath("rid", "Chosen by the app or created by the gateway.", { type: "string", pattern: RID_PATTERN }),
    ],
    get: operation(serializer, {
      id: "getActivity",
      tag: "Activities",
      summary: "Get an activity",
      description:
        "Outcome of each target so far, and what happened to it in a timeline; kept for 24 h after the end (setting RETENTION_HOURS).",
      scope: "send",
      answers: { "200": standing },
      problems: ["bad-parameter", "not-found"],
    }),
    delete: operation(serializer, {
      id: "cancelActivity",
      tag: "Activities",
      summary: "Cancel an activity",
      description:
        "The result is then `cancelled`. An activity that is being sent or has ended can't be cancelled (`too-late`).",
      scope: "send",
      answers: { "200": standing },
      problems: ["bad-parameter", "not-found", "too-late"],
    }),
  };
}
