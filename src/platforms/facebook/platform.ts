import { definePlatform, type Platform } from "../../platform/platform.ts";
import { type Client, type FacebookSettings, openClient } from "./client/client.ts";
import { CREDENTIALS_EXAMPLE, Credentials } from "./credentials.ts";
import { classifyError } from "./errors.ts";
import { webhook } from "./inbound/webhook.ts";
import { consent } from "./oauth-consent.ts";
import { PageId } from "./schemas/schemas.ts";
import { validate } from "./validate.ts";
import { verbs } from "./verbs/verbs.ts";

export type { FacebookSettings };

/** Facebook Pages and their messages, by the Graph API; what happens there is pushed to the gateway. */
export function facebook(settings: FacebookSettings): Platform {
  return definePlatform<Client, typeof Credentials>({
    id: "facebook",
    title: "Facebook (Pages and Messenger)",
    credentials: { schema: Credentials, example: CREDENTIALS_EXAMPLE, address: PageId },
    needsAccount: true,
    lifetimeSeconds: 86_400,
    timeoutSeconds: 180,
    verbs,
    validate,
    webhook,
    oauthConsent: consent(settings.facebookApi),
    createClient: async (access) => openClient(access, settings),
    classifyError,
  });
}
