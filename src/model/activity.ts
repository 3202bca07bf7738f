import Type, { type Static } from "typebox";

/** Maximum length of an address. RFC 5321's path limit leaves room for every network's own. */
export const ADDRESS_LENGTH = 512;

export const Actor = Type.Object(
  {
    address: Type.String({
      minLength: 1,
      maxLength: ADDRESS_LENGTH,
      description: "Address of the app's account that acts.",
    }),
    name: Type.Optional(Type.String({ maxLength: 256 })),
  },
  { additionalProperties: false },
);
export type Actor = Static<typeof Actor>;

export const Target = Type.Object(
  {
    address: Type.String({ minLength: 1, maxLength: ADDRESS_LENGTH }),
    name: Type.Optional(Type.String({ maxLength: 256 })),
    field: Type.Optional(Type.Union([Type.Literal("to"), Type.Literal("cc"), Type.Literal("bcc")])),
  },
  { additionalProperties: false },
);
export type Target = Static<typeof Target>;

/** Bound of all attachments of an activity together, decoded, in bytes. Posted ones and downloaded ones. */
export const MAX_ATTACHMENT_BYTES = 10 * 1024 * 1024;

export const Attachment = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 255, pattern: "^[^\\u0000-\\u001f\\u007f/\\\\]+$" }),
    mediaType: Type.Optional(Type.String({ maxLength: 127, pattern: "^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+$" })),
    // No pattern: regular expressions that describe this may take quadratic time on megabytes, see base64.ts.
    content: Type.Optional(Type.String({ description: "The bytes as base64.", format: "byte" })),
    url: Type.Optional(
      Type.String({ format: "uri", maxLength: 2048, pattern: "^https?://", description: "Fetched at sending time." }),
    ),
    /** Name of the attachment in `html`, as `cid:`. */
    id: Type.Optional(Type.String({ maxLength: 128, pattern: "^[A-Za-z0-9._@-]+$" })),
  },
  { additionalProperties: false },
);
export type Attachment = Static<typeof Attachment>;

export const Options = Type.Object(
  {
    sendAt: Type.Optional(
      Type.String({ format: "date-time", description: "Earliest time of sending; at most a year ahead." }),
    ),
    expiresIn: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 2_592_000, description: "Lifetime in seconds from the due time." }),
    ),
    order: Type.Optional(
      Type.Union([Type.Literal("conversation"), Type.Literal("none")], {
        description:
          "`none`: neither waits for earlier activities of its conversation nor holds up later ones. Default: `conversation`.",
      }),
    ),
    onUnknown: Type.Optional(
      Type.Union([Type.Literal("report"), Type.Literal("resend")], {
        description: "Handling of an uncertain outcome: report it, or send again and risk a duplicate.",
      }),
    ),
    suppressions: Type.Optional(
      Type.Union([Type.Literal("apply"), Type.Literal("ignore")], {
        description:
          "`ignore` also sends to addresses on the app's suppression list; needs an API key. Default: `apply`.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type Options = Static<typeof Options>;

/** An rid as an app chooses it: 1 to 128 of these characters. Not `.` or `..`, which no path can name. */
export const RID_PATTERN =
  "^([A-Za-z0-9_:@~-][A-Za-z0-9._:@~-]{0,127}|\\.[A-Za-z0-9_:@~-][A-Za-z0-9._:@~-]{0,126}|\\.\\.[A-Za-z0-9._:@~-]{1,126})$";

/** Envelope of every activity. The verb's own schema covers actor, target, object and context. */
export const Envelope = Type.Object(
  {
    rid: Type.Optional(
      Type.Union([
        Type.String({ pattern: RID_PATTERN }),
        Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
      ]),
    ),
    platform: Type.String({ minLength: 1, maxLength: 32 }),
    verb: Type.String({ minLength: 1, maxLength: 32 }),
    options: Type.Optional(Options),
  },
  { additionalProperties: true },
);

/** Kinds of places that an activity can belong to. */
export const CONTEXT_TYPES = ["direct", "room", "thread", "feed", "timeline"] as const;
export type ContextType = (typeof CONTEXT_TYPES)[number];

/** Place that an activity belongs to. */
export interface ActivityContext {
  readonly type: ContextType;
  /** Address or id on the network. */
  readonly id?: string;
  readonly name?: string;
}

/** An activity after validation: the shape platforms and the core work with. `target` is always a list. */
export interface Activity {
  /** Our own id (ULID): goes into Message-IDs and the like, since rids repeat between apps. */
  readonly id: string;
  readonly rid: string;
  readonly platform: string;
  readonly verb: string;
  readonly actor: Actor;
  readonly target: readonly Target[];
  readonly object: Readonly<Record<string, unknown>>;
  readonly context?: ActivityContext;
  readonly options?: Options;
  /** W3C trace context of its acceptance; absent unless tracing was on. */
  readonly traceparent?: string;
}
