import { Router } from "express";
import Type, { type Static } from "typebox";
import { postedExample, postedSchema } from "../../src/intake/activity-schema.ts";
import type { Platform } from "../../src/platform/platform.ts";
import { Capabilities, capabilitiesOf } from "../../src/platform/vocabulary/capabilities.ts";
import { Problem } from "../http/problem.ts";
import { staticJson } from "../http/static-json.ts";

const AnySchema = Type.Record(Type.String(), Type.Unknown(), { description: "A JSON Schema (2020-12)." });

/** Platform as `GET /platforms` shows it. */
export const PlatformAnswer = Type.Object(
  {
    id: Type.String(),
    title: Type.String({ description: "Display name." }),
    aliases: Type.Array(Type.String(), { description: "Accepted aliases in `platform`." }),
    needsAccount: Type.Boolean({ description: "True: the actor's login must be stored with `PUT /accounts` first." }),
    lifetimeSeconds: Type.Integer({ description: "Default of `expiresIn`, in seconds." }),
    credentials: Type.Optional(
      Type.Object(
        { schema: AnySchema, example: Type.Unknown() },
        {
          additionalProperties: false,
          description: "Schema of `credentials` in `PUT /accounts`; absent without logins.",
        },
      ),
    ),
    consent: Type.Optional(
      Type.Object(
        { schema: AnySchema, example: Type.Unknown() },
        {
          additionalProperties: false,
          description: "Schema of `client` in `POST /accounts/{platform}/connect`; absent without consents.",
        },
      ),
    ),
    capabilities: Capabilities,
    verbs: Type.Record(
      Type.String(),
      Type.Object(
        {
          summary: Type.String(),
          schema: Type.Intersect([AnySchema], {
            description: "Schema of this verb's activities in `POST /activities`.",
          }),
          example: Type.Unknown({ description: "Activity that can be posted unchanged." }),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type PlatformAnswer = Static<typeof PlatformAnswer>;

/** Answer of `GET /platforms`. */
export const PlatformListAnswer = Type.Object(
  { platforms: Type.Array(PlatformAnswer) },
  { additionalProperties: false },
);

export interface PlatformRoutesDeps {
  /** The platforms that are switched on. */
  readonly platforms: readonly Platform[];
}

/** `GET /platforms` and `/platforms/{id}` (id or alias). What can be done here, from the tables that validate. Public. */
export function platformRoutes({ platforms }: PlatformRoutesDeps): Router {
  const router = Router({ caseSensitive: true });
  router.get(
    "/platforms",
    staticJson(() => ({ platforms: platforms.map(platformAnswer) })),
  );
  const byName = new Map(
    platforms.flatMap((platform) => {
      const answer = staticJson(() => platformAnswer(platform));
      return [platform.id, ...(platform.aliases ?? [])].map((name) => [name, answer] as const);
    }),
  );
  router.get("/platforms/:id", (req, res, next) => {
    const answer = byName.get(req.params.id);
    if (answer === undefined) throw new Problem("not-found", "No platform of this name is enabled.");
    return answer(req, res, next);
  });
  return router;
}

function platformAnswer(platform: Platform): PlatformAnswer {
  const {
    id,
    title,
    aliases = [],
    needsAccount,
    lifetimeSeconds,
    credentials,
    oauthConsent: consent,
    verbs,
  } = platform;
  return {
    id,
    title,
    aliases: [...aliases],
    needsAccount,
    lifetimeSeconds,
    ...(credentials === undefined
      ? {}
      : { credentials: { schema: { ...credentials.schema }, example: credentials.example } }),
    ...(consent === undefined ? {} : { consent: { schema: { ...consent.schema }, example: consent.example } }),
    capabilities: capabilitiesOf(platform),
    verbs: Object.fromEntries(
      Object.entries(verbs).map(([verb, { summary }]) => [
        verb,
        { summary, schema: { ...postedSchema(platform, verb) }, example: postedExample(platform, verb) },
      ]),
    ),
  };
}
