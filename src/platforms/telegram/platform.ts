import { connectionVerbs } from "../../platform/connection.ts";
import { definePlatform, type Platform } from "../../platform/platform.ts";
import { type Client, openClient, type TelegramSettings } from "./client/client.ts";
import { CREDENTIALS_EXAMPLE, Credentials } from "./credentials.ts";
import { classifyError } from "./errors.ts";
import { connect } from "./inbound/connect.ts";
import { webhook } from "./inbound/webhook.ts";
import { BotActor } from "./schemas/addresses.ts";
import { validate } from "./validate.ts";
import { verbs } from "./verbs/verbs.ts";

export type { TelegramSettings };

const MESSAGE = [
  "type",
  "id",
  "body",
  "html",
  "attachments",
  "inReplyTo",
  "location",
  "forwardedFrom",
  "value",
] as const;

/** Telegram bots by the Bot API. Updates by long polling or by a webhook that registers itself. */
export function telegram(settings: TelegramSettings = {}): Platform {
  return definePlatform<Client, typeof Credentials>({
    id: "telegram",
    title: "Telegram (bots)",
    credentials: { schema: Credentials, example: CREDENTIALS_EXAMPLE, address: BotActor.properties.address },
    needsAccount: true,
    lifetimeSeconds: 3_600,
    timeoutSeconds: 180,
    verbs: { ...verbs, ...connectionVerbs("@example_bot", BotActor) },
    inbound: {
      send: MESSAGE,
      post: MESSAGE,
      update: [...MESSAGE, "name", "address"],
      react: ["type", "id", "content"],
      unreact: ["type", "id", "content"],
      join: ["type", "by"],
      leave: ["type", "cause", "by"],
    },
    validate,
    webhook,
    createClient: async (context) => openClient(context, settings),
    connect: (context) => connect(context, settings),
    dispose: async (client) => client.stop?.(),
    classifyError,
  });
}
