import Type from "typebox";

/** Body of `POST /accounts/{platform}/connect`; `client` is checked with the platform's own schema. */
export const ConsentRequest = Type.Object(
  {
    client: Type.Unknown({
      description: "The app's own client at the network, as `consent` of `GET /platforms/{id}` says; never given back.",
    }),
    returnTo: Type.Optional(
      Type.String({
        format: "uri",
        maxLength: 2_048,
        pattern: "^https?://",
        description:
          "Where the user's browser goes afterwards, with `proof`, and `error` where it failed, in the query: a page of an origin in ALLOWED_ORIGINS or of PUBLIC_URL. Else a plain page says what became of it.",
      }),
    ),
    online: Type.Optional(Type.Boolean({ description: "As in `PUT /accounts`." })),
  },
  { additionalProperties: false },
);

/** Answer of `POST /accounts/{platform}/connect`, beside the `Location`. */
export const ConsentAnswer = Type.Object(
  {
    url: Type.String({ format: "uri", description: "Send the user's browser there." }),
    redirectUri: Type.String({ format: "uri", description: "Register this at the network." }),
    consent: Type.String({ description: "Keep it in the user's session, to know it again." }),
  },
  { additionalProperties: false },
);

/** Answer of `GET /accounts/{platform}/connect/{proof}`: which consent the visitor gave, and what came of it. */
export const ConsentOutcome = Type.Object(
  {
    consent: Type.String({ description: "As `POST` answered it: must be the one in the visitor's session." }),
    status: Type.Union([Type.Literal("pending"), Type.Literal("connected"), Type.Literal("failed")]),
    accounts: Type.Optional(
      Type.Array(Type.Object({ id: Type.String(), address: Type.String() }, { additionalProperties: false })),
    ),
    error: Type.Optional(
      Type.Object({
        code: Type.String(),
        detail: Type.String(),
        retryable: Type.Boolean(),
        platformCode: Type.Optional(Type.String()),
      }),
    ),
  },
  { additionalProperties: false },
);
