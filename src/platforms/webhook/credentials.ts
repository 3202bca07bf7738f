import Type from "typebox";

/** Secret that the receiver verifies signatures with; `actor.address` names it. */
export const WebhookCredentials = Type.Object(
  {
    secret: Type.String({
      minLength: 38,
      maxLength: 94,
      pattern: "^whsec_[A-Za-z0-9+/]{32,88}={0,2}$",
      description: "By the Standard Webhooks rules: whsec_ and the base64 of 24 to 64 random bytes.",
    }),
  },
  { additionalProperties: false },
);
export const CREDENTIALS_EXAMPLE = { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" };
