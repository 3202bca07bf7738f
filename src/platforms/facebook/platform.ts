import { definePlatform, type Platform } from "../../platform/platform.ts";
import { type Client, type FacebookSettings, openClient } from "./client/client.ts";
import { CREDENTIALS_EXAMPLE, Credentials } from "./credentials.ts";
import { classifyError } from "./errors.ts";
import { webhook } from "./inbound/webhook.ts";
import { consent } from "./oauth-consent.ts";
import { PageId } from "./schemas/common.ts";
import { INBOUND } from "./schemas/inbound.ts";
import { validate } from "./validate.ts";
import { verbs } from "./verbs/verbs.ts";

export type { FacebookSettings };

/** Facebook Pages and their messages, by the Graph API; events arrive at a webhook. */
export function facebook(settings: FacebookSettings): Platform {
  return definePlatform<Client, typeof Credentials>({
    id: "facebook",
    title: "Facebook (Pages and Messenger)",
    credentials: { schema: Credentials, example: CREDENTIALS_EXAMPLE, address: PageId },
    needsAccount: true,
    inbound: INBOUND,
    renamedVerbs: { reply: "post with object.inReplyTo" },
    lifetimeSeconds: 86_400,
    timeoutSeconds: 180,
    verbs,
    validate,
    webhook,
    oauthConsent: consent(settings.facebookApi),
    createClient: async (account) => openClient(account, settings),
    classifyError,
  });
}
