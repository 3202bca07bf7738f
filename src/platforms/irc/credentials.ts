import Type, { type Static } from "typebox";
import { OwnNick } from "./schemas/identifiers.ts";

const NO_CONTROLS = "^[^\\u0000-\\u001f\\u007f]+$";

/** Login at an IRC network. TLS is required unless `tls` says otherwise. */
export const Credentials = Type.Object(
  {
    host: Type.String({
      minLength: 1,
      maxLength: 253,
      pattern: "^[A-Za-z0-9._:-]+$",
      description: "The server's name or IP address, without protocol and port.",
    }),
    port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description: "Default 6697, without TLS 6667." })),
    tls: Type.Optional(
      Type.Union([Type.Literal("implicit"), Type.Literal("none")], {
        description:
          "Default implicit: TLS from the first byte. none sends passwords and everything else in clear text.",
      }),
    ),
    ca: Type.Optional(
      Type.String({
        maxLength: 65_536,
        pattern: "^-----BEGIN CERTIFICATE-----",
        description: "PEM of a private authority (-----BEGIN CERTIFICATE-----).",
      }),
    ),
    nick: Type.Optional({ ...OwnNick, description: "Default: the part of the account's address before @." }),
    user: Type.Optional(
      Type.String({ maxLength: 10, pattern: "^[A-Za-z0-9_-]+$", description: "The user name (ident)." }),
    ),
    realname: Type.Optional(Type.String({ minLength: 1, maxLength: 100, pattern: NO_CONTROLS })),
    password: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        pattern: "^[^\\u0000-\\u0020\\u007f:][^\\u0000-\\u0020\\u007f]*$",
        description: "The server's password (PASS), where it has one.",
      }),
    ),
    sasl: Type.Optional(
      Type.Object(
        {
          account: Type.String({ minLength: 1, maxLength: 128, pattern: NO_CONTROLS }),
          password: Type.String({ minLength: 1, maxLength: 512, pattern: NO_CONTROLS }),
        },
        {
          additionalProperties: false,
          description: "The login at the network's services (SASL PLAIN); required if given.",
        },
      ),
    ),
    pace: Type.Optional(
      Type.Object(
        {
          burst: Type.Integer({ minimum: 1, maximum: 10_000, description: "Lines sent at once. Default 5." }),
          interval: Type.Integer({
            minimum: 0,
            maximum: 60_000,
            description: "Milliseconds per further line. Default 1000.",
          }),
        },
        { additionalProperties: false, description: "Rate of lines that the network accepts." },
      ),
    ),
  },
  { additionalProperties: false },
);
export type Credentials = Static<typeof Credentials>;

export const CREDENTIALS_EXAMPLE: Credentials = {
  host: "irc.example.net",
  port: 6697,
  nick: "Bob",
  sasl: { account: "bob", password: "a password" },
};

/** Lists an account's secret values, also in the form that SASL sends. */
export function secretsOf({ password, sasl }: Credentials): readonly string[] {
  const coded = sasl && Buffer.from(`${sasl.account}\0${sasl.account}\0${sasl.password}`).toString("base64");
  return [password, sasl?.password, coded].filter((secret) => secret !== undefined);
}
