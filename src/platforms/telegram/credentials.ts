import { createHmac } from "node:crypto";
import Type, { type Static } from "typebox";

/** Login of a Telegram bot. */
export const Credentials = Type.Object(
  {
    token: Type.String({
      minLength: 20,
      maxLength: 128,
      pattern: "^[0-9]{1,20}:[A-Za-z0-9_-]{16,100}$",
      description: "The bot's token, as @BotFather printed it.",
    }),
    delivery: Type.Optional(
      Type.Enum(["poll", "webhook"], {
        description: "How updates arrive: `poll` (default) needs no public address, `webhook` registers itself.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type Credentials = Static<typeof Credentials>;

export const CREDENTIALS_EXAMPLE: Credentials = { token: "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw" };

/** Derives the webhook's secret (`secret_token` of setWebhook); the token cannot be computed from it. */
export function webhookSecret({ token }: Pick<Credentials, "token">): string {
  return createHmac("sha256", token).update("dragoman webhook").digest("base64url");
}
