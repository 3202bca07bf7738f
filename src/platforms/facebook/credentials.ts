import Type, { type Static } from "typebox";

const Secret = Type.String({ minLength: 1, maxLength: 4_096, pattern: "^[\\u0021-\\u007e]+$" });

/** Credentials of a Page. The app's secret signs requests and verifies Facebook's webhooks. */
export const Credentials = Type.Object(
  {
    pageToken: { ...Secret, description: "The Page's own access token, long-lived; not a person's." },
    appSecret: {
      ...Secret,
      description: "Secret of the Meta app that the token belongs to: signs requests, verifies Facebook's webhooks.",
    },
    verifyToken: Type.Optional(
      Type.String({
        minLength: 8,
        maxLength: 256,
        pattern: "^[\\u0021-\\u007e]+$",
        description:
          "A random string of your choice, entered at Facebook with the webhook's address. Without it nothing arrives.",
      }),
    ),
    otherPages: Type.Optional(
      Type.Array(Type.String({ pattern: "^[0-9]{1,32}$" }), {
        maxItems: 500,
        description: "Further Pages whose events arrive at this webhook: a Meta app has one address for all its Pages.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type Credentials = Static<typeof Credentials>;

export const CREDENTIALS_EXAMPLE: Credentials = {
  pageToken: "EAAGm0PX4ZCpsBAExamplePageToken",
  appSecret: "0123456789abcdef0123456789abcdef",
  verifyToken: "9f2c4e6a8b0d1f3e5a7c9b2d4f6e8a0c",
};
