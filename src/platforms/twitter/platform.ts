import type { Activity } from "../../model/activity.ts";
import { Failure } from "../../model/failure.ts";
import { definePlatform, type Platform, type ValidationIssue } from "../../platform/platform.ts";
import { type Client, type ClientSettings, openClient } from "./client/client.ts";
import { mediaUnfit } from "./client/media.ts";
import { STREAM_PACE, type StreamPace } from "./client/stream-backoff.ts";
import { CREDENTIALS_EXAMPLE, Credentials } from "./credentials.ts";
import { classifyError } from "./errors.ts";
import { PACE, type Pace, watching } from "./inbound/watch.ts";
import { push } from "./inbound/webhook.ts";
import { consent } from "./oauth-consent.ts";
import { recover } from "./recover.ts";
import { POST_WEIGHT, weightedLength } from "./schemas/weighted-length.ts";
import { verbs } from "./verbs/verbs.ts";

export interface TwitterSettings extends ClientSettings {
  /** How often X is asked for news of a subscription. */
  readonly xPace?: Pace;
  readonly xStream?: StreamPace;
}

/** X, formerly Twitter, by its API v2 for an account that the app stored. Subscriptions are polled, searches streamed where X allows it. */
export function twitter(settings: TwitterSettings): Platform {
  return definePlatform<Client, typeof Credentials>({
    id: "twitter",
    title: "X (Twitter)",
    aliases: ["x"],
    credentials: { schema: Credentials, example: CREDENTIALS_EXAMPLE },
    needsAccount: true,
    lifetimeSeconds: 86_400,
    timeoutSeconds: 180,
    verbs,
    validate: refuse,
    createClient: async (access) => {
      if (access.credentials) return openClient(access, access.credentials, settings);
      const detail = "X knows accounts only: store one for this actor.";
      throw new Failure({ kind: "auth", code: "account-unknown", detail });
    },
    connect: async (context) => {
      const client = openClient(context, context.credentials, settings);
      // Whether the login is any good shows here, not at the first look in some minutes.
      await client.verify(context.signal).catch((thrown: unknown) => {
        throw final(classifyError(thrown));
      });
      return {
        ...client,
        watch: await watching(context, client, settings.xPace ?? PACE, settings.xStream ?? STREAM_PACE),
      };
    },
    dispose: async (client) => client.watch?.stop(),
    recover,
    webhook: push,
    oauthConsent: consent(settings.xApi),
    classifyError,
  });
}

/** The login was just read from the store: there is no newer one that another worker may have put there. */
function final(failure: Failure): Failure {
  const { code, message: detail, platformCode = "" } = failure;
  return code === "credentials-expired" ? new Failure({ kind: "auth", code, detail, platformCode }) : failure;
}

/** Refuses what X would refuse and no schema can say: text by its weight, media, queries for people. */
function refuse(verb: string, activity: Omit<Activity, "id" | "rid">): ValidationIssue | undefined {
  const { object, target } = activity;
  if (verb === "post" && typeof object.body === "string" && weightedLength(object.body) > POST_WEIGHT) {
    const detail = `weighs more than the ${POST_WEIGHT} that X takes: links count 23, most other scripts and emoji double`;
    return { code: "validation-failed", detail, pointer: "/object/body" };
  }
  if (verb === "post" || verb === "send") return mediaUnfit(verb, activity);
  if (verb !== "search" || object.type !== "person") return undefined;
  const odd = target.findIndex(({ address }) => !/^[A-Za-z0-9_' ]{1,50}$/.test(address));
  const detail = "is no query for people: X takes up to 50 letters, digits, spaces, ' and _";
  return odd < 0 ? undefined : { code: "validation-failed", detail, pointer: `/target/${odd}/address` };
}
