import Type, { type Static } from "typebox";

const Secret = Type.String({ minLength: 1, maxLength: 4_096, pattern: "^[\\u0021-\\u007e]+$" });
const optional = (description: string) => Type.Optional({ ...Secret, description });

/**
 * A login at X: the four words of OAuth 1.0a, or a client with a refresh token of OAuth 2. Flat, so that a form can show
 * it; which of the two is meant follows from what is there.
 */
export const Credentials = Type.Object(
  {
    apiKey: optional("OAuth 1.0a: the app's API key (consumer key)."),
    apiSecret: optional("The app's API key secret: of OAuth 1.0a, and what X's pushes are checked with."),
    accessToken: optional("The user's access token; with OAuth 2 it may be left out."),
    accessSecret: optional("OAuth 1.0a: the user's access token secret."),
    clientId: optional("OAuth 2: the app's client ID."),
    clientSecret: optional("OAuth 2: the app's client secret, where it has one."),
    refreshToken: optional("OAuth 2: the newest refresh token; the gateway keeps what X gives in its place."),
    userId: Type.Optional(
      Type.String({
        pattern: "^[0-9]{1,19}$",
        description: "OAuth 2: the user's id at X; with apiSecret X's pushes then find the account.",
      }),
    ),
    bearerToken: optional(
      "The app's own bearer token, with which searches are streamed; asked of X where apiKey and apiSecret are given.",
    ),
    expires: Type.Optional(Type.Integer({ minimum: 0, description: "OAuth 2: Unix seconds when accessToken ends." })),
  },
  {
    additionalProperties: false,
    oneOf: [
      { required: ["apiKey", "apiSecret", "accessToken", "accessSecret"] },
      { required: ["clientId", "refreshToken"] },
    ],
    description: "apiKey, apiSecret, accessToken and accessSecret; or clientId and refreshToken.",
  },
);
export type Credentials = Static<typeof Credentials>;

export const CREDENTIALS_EXAMPLE: Credentials = {
  apiKey: "api-key-1",
  apiSecret: "api-key-secret-1",
  accessToken: "12-access-token",
  accessSecret: "access-token-secret-1",
};
