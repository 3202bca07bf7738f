import Type, { type Static } from "typebox";

const NO_CONTROLS = "^[^\\u0000-\\u001f\\u007f]+$";

/** Login at an XMPP server, found by the address's domain. STARTTLS is required unless `tls` says otherwise. */
export const Credentials = Type.Object(
  {
    password: Type.String({ minLength: 1, maxLength: 1_024, pattern: NO_CONTROLS }),
    user: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 512,
        pattern: NO_CONTROLS,
        description: "Default: the address's part before the @.",
      }),
    ),
    host: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 253,
        pattern: "^[A-Za-z0-9._:-]+$",
        description:
          "A name or IP address, without protocol and port. Default: found by the domain's SRV records, else the domain itself.",
      }),
    ),
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_535, description: "Default 5222, or 5223 with implicit TLS." }),
    ),
    tls: Type.Optional(
      Type.Union([Type.Literal("starttls"), Type.Literal("implicit"), Type.Literal("none")], {
        description: "Default: starttls, required. none may send the password in clear text.",
      }),
    ),
    ca: Type.Optional(
      Type.String({
        maxLength: 65_536,
        pattern: "^-----BEGIN CERTIFICATE-----",
        description: "PEM of a private authority (-----BEGIN CERTIFICATE-----).",
      }),
    ),
  },
  { additionalProperties: false },
);
export type Credentials = Static<typeof Credentials>;

export const CREDENTIALS_EXAMPLE: Credentials = { password: "a password" };
