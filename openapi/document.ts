import type { OpenAPIV3_1 } from "openapi-types";
import type { TSchema } from "typebox";
import * as admin from "../routes/console/admin-schemas.ts";
import { AccountAnswer, AccountListAnswer, AccountRequest } from "../routes/resources/accounts.ts";
import { ConsentAnswer, ConsentOutcome, ConsentRequest } from "../routes/resources/consent-schemas.ts";
import * as dead from "../routes/resources/dead-letters.ts";
import { PlatformAnswer, PlatformListAnswer } from "../routes/resources/platforms.ts";
import { RevocationRequest } from "../routes/resources/revocations.ts";
import * as suppressed from "../routes/resources/suppressions.ts";
import { TokenAnswer, TokenRequest } from "../routes/resources/tokens.ts";
import * as hooks from "../routes/resources/webhook-schemas.ts";
import { Actor, Attachment, Options, Target } from "../src/model/activity.ts";
import type { Platform } from "../src/platform/platform.ts";
import { Capabilities } from "../src/platform/vocabulary/capabilities.ts";
import * as answers from "./answer-schemas.ts";
import { controls, ErrorNoteSchema, EventSchema, events, PollSchema, TargetOutcomeSchema } from "./event-schemas.ts";
import * as formatSchemas from "./format-schemas.ts";
import { paths } from "./paths.ts";
import { schemaSerializer } from "./plain.ts";
import { activityExamples, activitySchemas, verbSchemas } from "./postable.ts";
import { actorSchemas, vocabularySchemas } from "./vocabulary-schemas.ts";
import { HookTestEventSchema, webhooks } from "./webhooks.ts";

export interface DocumentOptions {
  readonly platforms: readonly Platform[];
  /** The gateway's own version. */
  readonly version: string;
  /** BASE_PATH and PUBLIC_URL, so that the document names where this gateway is. */
  readonly basePath: string;
  readonly publicUrl?: string;
}

const ABOUT = `A messaging gateway: an app posts an **activity** and gets its request id (\`rid\`) back at once; workers deliver it
on e-mail and other networks; results and incoming messages come back on a **stream**.

* Apps authenticate with an API key, \`Authorization: Bearer dgm_…\`. Browsers get listener tokens (\`POST /tokens\`).
* Bodies are JSON in UTF-8. A refusal is \`application/problem+json\` (RFC 9457) with a stable \`code\`, a \`detail\` that
  says what to do, and \`errors\` that point at the fields. A path that does not take a method answers 405.
* \`X-Request-Id\` is repeated in each answer; \`Dragoman-Version\` is the version that answers.
* After a time-out, 429 or 503 send the same request again with the same rid: nothing is done twice.`;

const TAGS = {
  Activities: "Create activities and get their status.",
  "Dead letters": "Failed deliveries, to inspect and to replay.",
  Suppressions: "Addresses to which nothing is sent.",
  Events: "Results, status changes and incoming messages.",
  Accounts: "The app's logins at the networks; they cannot be read back.",
  Hooks: "Webhooks: events posted to the app's own address.",
  Tokens: "Tokens for browsers, in place of the API key.",
  Platforms: "The enabled networks and their verbs.",
  Administration: "Apps and their API keys, for operators' programs.",
  Operating: "Health, readiness and metrics.",
};

/** Returns the OpenAPI 3.1 document of a gateway with these platforms. */
export function openapiDocument(options: DocumentOptions): OpenAPIV3_1.Document {
  const { platforms, version, basePath, publicUrl = "" } = options;
  const serializer = schemaSerializer(namedSchemas(platforms));
  const all = paths(serializer, activityExamples(platforms)) as OpenAPIV3_1.PathsObject;
  return {
    openapi: "3.1.0",
    info: {
      title: "Dragoman",
      version,
      summary: "REST, SSE and WebSocket API to send and receive messages",
      description: ABOUT,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: `${publicUrl.replace(/(?<!\/)\/+$/, "")}${basePath}` || "/" }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths: all,
    webhooks: webhooks(serializer) as NonNullable<OpenAPIV3_1.Document["webhooks"]>,
    components: { schemas: serializer.components(), securitySchemes },
  };
}

function namedSchemas(platforms: readonly Platform[]): Readonly<Record<string, TSchema>> {
  return {
    ...activitySchemas(platforms),
    ...verbSchemas(platforms),
    Actor,
    Target,
    Attachment,
    Options,
    ...vocabularySchemas,
    ...actorSchemas(platforms),
    Confirm: answers.ConfirmSchema,
    Refused: answers.RefusedSchema,
    ConfirmList: answers.ConfirmListSchema,
    ActivityStanding: answers.ActivityStandingSchema,
    Event: EventSchema,
    ActivityList: answers.ActivityListSchema,
    ActivitySummary: answers.ActivitySummarySchema,
    TimelineStep: answers.TimelineStepSchema,
    ...events,
    TargetOutcome: TargetOutcomeSchema,
    ErrorNote: ErrorNoteSchema,
    Poll: PollSchema,
    CloudEvent: formatSchemas.CloudEventSchema,
    CloudEventBatch: formatSchemas.CloudEventBatchSchema,
    ActivityStreamsPage: formatSchemas.ActivityStreamsPageSchema,
    ...controls,
    DeadLetter: dead.DeadLetterAnswer,
    DeadLetterWhole: dead.DeadLetterWholeAnswer,
    DeadLetterList: dead.DeadLetterListAnswer,
    SuppressionRequest: suppressed.SuppressionRequest,
    Suppression: suppressed.SuppressionAnswer,
    SuppressionList: suppressed.SuppressionListAnswer,
    AccountRequest,
    Account: AccountAnswer,
    AccountList: AccountListAnswer,
    ConsentRequest,
    ConsentAnswer,
    ConsentOutcome,
    HookRequest: hooks.HookRequest,
    Hook: hooks.HookAnswer,
    HookPut: hooks.HookPutAnswer,
    HookList: hooks.HookListAnswer,
    HookReplayRequest: hooks.HookReplayRequest,
    HookTest: hooks.HookTestAnswer,
    HookTestEvent: HookTestEventSchema,
    Delivery: hooks.DeliveryAnswer,
    DeliveryList: hooks.DeliveryListAnswer,
    TokenRequest,
    Token: TokenAnswer,
    RevocationRequest,
    AppRequest: admin.AppRequest,
    KeyRequest: admin.KeyRequest,
    IssuedKey: admin.IssuedKeyAnswer,
    AppList: admin.AppListAnswer,
    Capabilities,
    Platform: PlatformAnswer,
    PlatformList: PlatformListAnswer,
    Health: answers.HealthSchema,
    Readiness: answers.ReadinessSchema,
    Problem: answers.ProblemSchema,
  };
}

const securitySchemes: Record<string, OpenAPIV3_1.SecuritySchemeObject> = {
  key: { type: "http", scheme: "bearer", bearerFormat: "dgm_<id>_<secret>_<crc>", description: "An app's API key." },
  token: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "A listener token, for browsers." },
  cookie: {
    type: "apiKey",
    in: "cookie",
    name: "dragoman_token",
    description:
      "A listener token in an HttpOnly cookie of the gateway's own origin; only for pages of allowed origins.",
  },
  admin: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "dga_<id>_<secret>",
    description: "An admin token, which `dragoman admin-token create` prints.",
  },
  ticket: { type: "apiKey", in: "query", name: "ticket", description: "A one-time ticket, for streams and sockets." },
};
