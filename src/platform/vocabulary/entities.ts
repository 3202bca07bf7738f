import Type, { type Static } from "typebox";
import { ADDRESS_LENGTH, CONTEXT_TYPES } from "../../model/activity.ts";

const STRICT = { additionalProperties: false } as const;
const text = (maxLength: number, description: string) => Type.Optional(Type.String({ maxLength, description }));
const address = (description: string) => Type.String({ minLength: 1, maxLength: ADDRESS_LENGTH, description });

/** Roles of a person in a room, from the most to the least powerful. */
export const ROLES = ["owner", "admin", "moderator", "member", "voiced", "visitor"] as const;

/** Person on a network, as results and events show it. `address` is one that `send` takes. */
export const Person = Type.Object(
  {
    type: Type.Optional(Type.Literal("person")),
    address: address("Address that `send` takes."),
    name: text(256, "Display name."),
    id: text(512, "The network's own id, where it differs from the address."),
    url: text(2_048, "Profile page."),
    image: text(2_048, "Address of a picture, http or https."),
    summary: text(4_096, "Self-description, plain text."),
    presence: Type.Optional(
      Type.Object(
        { show: Type.Enum(["online", "chat", "away", "xa", "dnd", "offline"]), status: text(1_024, "In words.") },
        STRICT,
      ),
    ),
    relation: Type.Optional(
      Type.Enum(["friend", "requested", "follows", "followed", "none", "blocked"], {
        description: "Relation to the account: `requested` waits for the other side.",
      }),
    ),
    role: Type.Optional(Type.Enum([...ROLES], { description: "Role in the room that was asked about." })),
  },
  { ...STRICT, description: "A person on a network." },
);
export type Person = Static<typeof Person>;

/** Room, channel or group on a network. `address` is one that `send` and `join` take. */
export const Room = Type.Object(
  {
    type: Type.Literal("room"),
    address: address("Address that `send` and `join` take."),
    name: text(256, "Display name."),
    topic: text(4_096, "Topic or description, plain text."),
    members: Type.Optional(Type.Integer({ minimum: 0, description: "Number of members." })),
  },
  { ...STRICT, description: "A room, channel or group." },
);
export type Room = Static<typeof Room>;

/** Place that an activity belongs to. A direct conversation, a room, a thread, a feed or a timeline. */
export const Context = Type.Object(
  {
    type: Type.Enum([...CONTEXT_TYPES]),
    id: Type.Optional(Type.String({ minLength: 1, maxLength: 2_048, description: "Address or id on the network." })),
    name: text(512, "Display name."),
  },
  { ...STRICT, description: "The conversation, room, thread, feed or timeline." },
);
export type Context = Static<typeof Context>;

/** Attachment as results and events list it; `url` or `id` lead to its bytes. */
export const ListedAttachment = Type.Object(
  {
    name: text(255, "File name."),
    mediaType: text(127, "Media type (RFC 6838); absent: unknown."),
    size: Type.Optional(Type.Integer({ minimum: 0, description: "Bytes." })),
    url: text(4_096, "Address of the bytes."),
    content: Type.Optional(Type.String({ description: "The bytes as base64." })),
    id: text(512, "Id within its message: `fetch` takes it, and `html` names it as `cid:`."),
    part: text(128, "MIME part number in a mail; `fetch` takes it."),
    width: Type.Optional(Type.Integer({ minimum: 0, description: "Pixels." })),
    height: Type.Optional(Type.Integer({ minimum: 0, description: "Pixels." })),
    duration: Type.Optional(Type.Number({ minimum: 0, description: "Seconds." })),
    alt: text(4_096, "Description for people who cannot see it."),
  },
  { ...STRICT, description: "An attachment of a message that arrived or was read." },
);
export type ListedAttachment = Static<typeof ListedAttachment>;

/** Button under a message. Pressing it sends `value` back as an inbound `send`, or opens `url`. */
export const Button = Type.Object(
  {
    title: Type.String({ minLength: 1, maxLength: 80, description: "Label." }),
    value: text(1_000, "Comes back as `object.value` when the button is pressed."),
    url: text(2_048, "Page to open instead."),
  },
  STRICT,
);
export type Button = Static<typeof Button>;

/** Collection of items, as `query`, `fetch` and `search` answer. Absent `next`: nothing follows. */
export interface Collection<Item = unknown> {
  readonly type: "collection";
  readonly items: readonly Item[];
  /** Number of all items, where the network tells. */
  readonly total?: number;
  /** Value of `after` for the following page. */
  readonly next?: string;
  /** Value of `before` for the preceding page. */
  readonly previous?: string;
  /** Address of the target that the items belong to; present in a collection of collections. */
  readonly address?: string;
}
