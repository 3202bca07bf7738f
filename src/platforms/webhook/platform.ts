import { definePlatform, defineVerb, type Platform } from "../../platform/platform.ts";
import { createSigner, type Signer } from "./client/post.ts";
import { CREDENTIALS_EXAMPLE, WebhookCredentials } from "./credentials.ts";
import { classifyError } from "./errors.ts";
import { SEND_EXAMPLE, SendSchema } from "./schemas/send.ts";
import { validate } from "./validate.ts";
import { postToTargets, send } from "./verbs/send.ts";

/** Single posts to web addresses, signed by Standard Webhooks with the actor's stored secret. */
export function webhook(): Platform {
  return definePlatform({
    id: "webhook",
    title: "Webhook",
    needsAccount: false,
    lifetimeSeconds: 86_400,
    credentials: { schema: WebhookCredentials, example: CREDENTIALS_EXAMPLE },
    createClient: async ({ credentials }) => createSigner(credentials?.secret),
    verbs: {
      send: defineVerb<typeof SendSchema, Signer>({
        summary: "Posts JSON or text to each address, once for each webhook-id",
        schema: SendSchema,
        example: SEND_EXAMPLE,
        capabilities: {
          body: { as: "kept", tooLong: "refused" },
          html: { as: "kept", tooLong: "refused", note: "sent as text/html" },
          markdown: { as: "converted", tooLong: "refused", note: "HTML" },
        },
        run: send,
      }),
    },
    // An interrupted post may be repeated: receivers drop a webhook-id that they have, see `withoutDoubt`.
    recover: postToTargets,
    validate,
    classifyError,
  });
}
