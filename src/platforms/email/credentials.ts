import Type, { type Static } from "typebox";

const NO_CONTROLS = "^[^\\u0000-\\u001f\\u007f]+$";
const Secret = Type.String({ minLength: 1, maxLength: 8_192, pattern: NO_CONTROLS });

const Host = Type.String({
  minLength: 1,
  maxLength: 253,
  pattern: "^[A-Za-z0-9._:-]+$",
  description: "The server's name or IP address, without protocol and port.",
});
const Port = Type.Integer({ minimum: 1, maximum: 65_535 });
const Authority = Type.String({
  maxLength: 65_536,
  pattern: "^-----BEGIN CERTIFICATE-----",
  description: "PEM of a private authority (-----BEGIN CERTIFICATE-----).",
});
const User = Type.String({ minLength: 1, maxLength: 512, pattern: NO_CONTROLS });

/** Server of the account's mailbox. Missing parts of the login are taken from the account. */
const Mailbox = Type.Object(
  {
    protocol: Type.Union([Type.Literal("imap"), Type.Literal("pop3")], {
      description: "imap supports all verbs; pop3 only receives new mail.",
    }),
    host: Host,
    port: Type.Optional({
      ...Port,
      description: "Default 993, for pop3 995; with starttls or none 143, for pop3 110.",
    }),
    tls: Type.Optional(
      Type.Union([Type.Literal("implicit"), Type.Literal("starttls"), Type.Literal("none")], {
        description:
          "Default: starttls (mandatory) on ports 143 and 110, else implicit. none sends the password in clear.",
      }),
    ),
    ca: Type.Optional(Authority),
    user: Type.Optional({ ...User, description: "Default: the account's user." }),
    password: Type.Optional({ ...Secret, description: "Default: the account's password or oauth2." }),
    deleteAfter: Type.Optional(
      Type.Boolean({ description: "For pop3: delete each mail from the server once it has arrived. Default: false." }),
    ),
  },
  {
    additionalProperties: false,
    dependentSchemas: { deleteAfter: { properties: { protocol: { const: "pop3" } } } },
  },
);

/** Login at a mail server. STARTTLS is mandatory unless the account sets another `tls`. */
export const Credentials = Type.Object(
  {
    host: Host,
    port: Type.Optional({ ...Port, description: "Default 587." }),
    tls: Type.Optional(
      Type.Union([Type.Literal("starttls"), Type.Literal("implicit"), Type.Literal("none")], {
        description: "Default: implicit on port 465, else starttls (mandatory). none sends the password in clear.",
      }),
    ),
    ca: Type.Optional(Authority),
    user: Type.Optional(User),
    password: Type.Optional(Secret),
    oauth2: Type.Optional(
      Type.Object(
        {
          tokenUrl: Type.String({ format: "uri", maxLength: 2_048, pattern: "^https?://" }),
          clientId: Type.String({ minLength: 1, maxLength: 1_024 }),
          clientSecret: Type.Optional(Secret),
          refreshToken: Secret,
          accessToken: Type.Optional(Secret),
          expires: Type.Optional(Type.Integer({ minimum: 0, description: "Unix seconds when accessToken ends." })),
          scope: Type.Optional(Type.String({ maxLength: 1_024 })),
        },
        { additionalProperties: false },
      ),
    ),
    dkim: Type.Optional(
      Type.Object(
        {
          domain: Type.String({ minLength: 1, maxLength: 253, pattern: "^[A-Za-z0-9.-]+$" }),
          selector: Type.String({ minLength: 1, maxLength: 63, pattern: "^[A-Za-z0-9._-]+$" }),
          privateKey: Type.String({ maxLength: 16_384, pattern: "^-----BEGIN [A-Z ]*PRIVATE KEY-----" }),
        },
        { additionalProperties: false },
      ),
    ),
    name: Type.Optional(
      Type.String({
        maxLength: 256,
        pattern: "^[^\\u0000-\\u001f\\u007f]*$",
        description: "Sender's name by default.",
      }),
    ),
    returnPath: Type.Optional(
      Type.String({
        maxLength: 320,
        pattern: "^[A-Za-z0-9._+=-]{0,30}[+=-]\\{id\\}@[A-Za-z0-9.-]{1,253}$",
        description:
          "Envelope sender with the mail's id, such as bounces+{id}@example.com: reports are then assigned by the address that they come to. Needs a server that lets the account send so, and the mailbox that gets these mails.",
      }),
    ),
    mailbox: Type.Optional(Mailbox),
  },
  {
    additionalProperties: false,
    dependentRequired: { password: ["user"], oauth2: ["user"] },
    not: { required: ["password", "oauth2"] },
  },
);
export type Credentials = Static<typeof Credentials>;

/** Proof of identity. A password, or a token source that can renew a refused token once (XOAUTH2). */
export type Login =
  | { readonly user: string; readonly password: string }
  | { readonly user: string; readonly token: (renew: boolean) => Promise<string> };

export const CREDENTIALS_EXAMPLE: Credentials = {
  host: "smtp.example.com",
  port: 587,
  user: "bob@example.com",
  password: "a password",
};

/** Returns the secret values of an account, including their encoded forms in SASL. */
export function secretsOf({ user = "", password, oauth2, dkim, mailbox }: Credentials): readonly string[] {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const plain = [password, oauth2?.clientSecret, oauth2?.refreshToken, oauth2?.accessToken, dkim?.privateKey];
  const sasl = [
    { name: user, secret: password },
    { name: mailbox?.user ?? user, secret: mailbox?.password },
  ].flatMap(({ name, secret }) =>
    secret === undefined ? [] : [secret, base64(`\0${name}\0${secret}`), base64(secret)],
  );
  return [...plain, ...sasl].filter((secret) => secret !== undefined);
}
