import { definePlatform, type Platform } from "../../platform/platform.ts";
import { type Client, openClient } from "./client/client.ts";
import { CREDENTIALS_EXAMPLE, Credentials } from "./credentials.ts";
import { classifyError } from "./errors.ts";
import { connect, type TwitterSettings } from "./inbound/connect.ts";
import { webhook } from "./inbound/webhook.ts";
import { consent } from "./oauth-consent.ts";
import { recover } from "./recover.ts";
import { INBOUND } from "./schemas/inbound.ts";
import { validate } from "./validate.ts";
import { verbs } from "./verbs/verbs.ts";

export type { TwitterSettings };

/** X (formerly Twitter) by API v2. Subscriptions are polled, searches streamed where X allows it. */
export function twitter(settings: TwitterSettings): Platform {
  return definePlatform<Client, typeof Credentials>({
    id: "twitter",
    title: "X (Twitter)",
    aliases: ["x"],
    credentials: { schema: Credentials, example: CREDENTIALS_EXAMPLE },
    needsAccount: true,
    inbound: INBOUND,
    lifetimeSeconds: 86_400,
    timeoutSeconds: 180,
    verbs,
    validate,
    createClient: async (account) => openClient(account, settings),
    connect: (context) => connect(context, settings),
    dispose: async (client) => client.subscriptions?.stop(),
    recover,
    webhook,
    oauthConsent: consent(settings.xApi),
    classifyError,
  });
}
