import Type, { type Static } from "typebox";

const Secret = Type.String({ minLength: 1, maxLength: 4_096, pattern: "^[\\u0021-\\u007e]+$" });
const optionalSecret = (description: string) => Type.Optional({ ...Secret, description });

/**
 * Credentials of an X account. OAuth 1.0a has four; OAuth 2 has a client with a refresh token. The schema is flat, so
 * that a form can show it; the properties present tell which of the two is meant.
 */
export const Credentials = Type.Object(
  {
    apiKey: optionalSecret("OAuth 1.0a: the app's API key (consumer key)."),
    apiSecret: optionalSecret("The app's API key secret, of OAuth 1.0a; also verifies X's webhook requests."),
    accessToken: optionalSecret("The user's access token; optional with OAuth 2."),
    accessSecret: optionalSecret("OAuth 1.0a: the user's access token secret."),
    clientId: optionalSecret("OAuth 2: the app's client ID."),
    clientSecret: optionalSecret("OAuth 2: the app's client secret, where it has one."),
    refreshToken: optionalSecret("OAuth 2: the newest refresh token; the gateway stores each renewed one."),
    userId: Type.Optional(
      Type.String({
        pattern: "^[0-9]{1,19}$",
        description: "OAuth 2: the user's id at X; with apiSecret, X's webhook requests find the account.",
      }),
    ),
    bearerToken: optionalSecret(
      "The app's own bearer token, which streams searches; requested from X where apiKey and apiSecret are given.",
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
