import Type from "typebox";

/** Body of `POST /accounts/{platform}/connect`; `client` is checked with the platform's own schema. */
export const ConsentRequest = Type.Object(
  {
    client: Type.Unsafe<unknown>({
      type: ["object", "array"],
      maxItems: 0,
      description:
        "The app's own OAuth client at the network, by the schema in `GET /platforms/{id}`; cannot be read back.",
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
    url: Type.String({ format: "uri", description: "Redirect the user's browser to this address." }),
    redirectUri: Type.String({ format: "uri", description: "Register this redirect URI at the network." }),
    consent: Type.String({ description: "Store it in the user's session, to compare it later." }),
  },
  { additionalProperties: false },
);

/** Answer of `GET /accounts/{platform}/connect/{proof}`: which consent the visitor gave, and what came of it. */
export const ConsentOutcome = Type.Object(
  {
    consent: Type.String({ description: "From the answer of `POST`; must equal the one in the visitor's session." }),
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
