import { optional } from "../../../model/optional.ts";
import { toHtml } from "../../../platform/kit/rich-text/rich-text.ts";
import type { ListedAttachment } from "../../../platform/vocabulary/entities.ts";
import { recordOf } from "../errors.ts";
import { fromEntities } from "./entities.ts";
import { personOf } from "./person.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Kinds of media in a Message, in the order in which they are looked for. An animation repeats itself as document. */
const MEDIA = ["animation", "audio", "document", "video", "video_note", "voice", "sticker"] as const;
const DEFAULT_TYPE: Partial<Record<(typeof MEDIA)[number], string>> = {
  voice: "audio/ogg",
  video_note: "video/mp4",
  sticker: "image/webp",
  animation: "video/mp4",
};
const MAX_TEXT = 4_096;

/** Reads the content of a Message as an object of the vocabulary. */
export function messageObject(message: Fields): Fields {
  const isCaption = typeof message.text !== "string";
  const text = textIn(isCaption ? message.caption : message.text);
  const rich = fromEntities(text ?? "", isCaption ? message.caption_entities : message.entities);
  const attachments = attachmentsOf(message);
  const reply = recordOf(message.reply_to_message).message_id;
  return {
    type: "message",
    id: String(message.message_id),
    ...optional("body", text ?? stickerEmoji(message)),
    ...optional("html", rich && toHtml(rich)),
    ...(attachments.length === 0 ? {} : { attachments }),
    ...optional("inReplyTo", Number.isSafeInteger(reply) ? String(reply) : undefined),
    ...optional("location", locationOf(message)),
    ...optional("forwardedFrom", forwardedFrom(message.forward_origin)),
  };
}

function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value.slice(0, MAX_TEXT) : undefined;
}

function stickerEmoji(message: Fields): string | undefined {
  return textIn(recordOf(message.sticker).emoji);
}

function attachmentsOf(message: Fields): ListedAttachment[] {
  const media = MEDIA.find((kind) => message[kind] !== undefined);
  const photos: readonly unknown[] = Array.isArray(message.photo) ? message.photo : [];
  const photo = photos.length === 0 ? [] : attachmentOf(recordOf(photos.at(-1)), "image/jpeg");
  return [...photo, ...(media ? attachmentOf(recordOf(message[media]), DEFAULT_TYPE[media]) : [])];
}

function attachmentOf(file: Fields, defaultType: string | undefined): ListedAttachment[] {
  if (typeof file.file_id !== "string") return [];
  const number = (value: unknown) => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined);
  const string = (value: unknown, max: number) => (typeof value === "string" ? value.slice(0, max) : undefined);
  return [
    {
      id: file.file_id.slice(0, 512),
      ...optional("name", string(file.file_name, 255)),
      ...optional("mediaType", string(file.mime_type, 127) ?? defaultType),
      ...optional("size", number(file.file_size)),
      ...optional("width", number(file.width)),
      ...optional("height", number(file.height)),
      ...optional("duration", number(file.duration)),
    },
  ];
}

function locationOf({ location, venue }: Fields) {
  const point = recordOf(recordOf(venue).location ?? location);
  const { latitude, longitude } = point;
  if (typeof latitude !== "number" || typeof longitude !== "number") return undefined;
  return { latitude, longitude, ...optional("name", textIn(recordOf(venue).title)) };
}

/** Author of a forwarded message (MessageOrigin). */
function forwardedFrom(origin: unknown) {
  const { sender_user, sender_user_name, sender_chat, chat } = recordOf(origin);
  const person = personOf(sender_user);
  if (person) return person;
  const { id, title } = recordOf(sender_chat ?? chat);
  if (Number.isSafeInteger(id)) return { address: String(id), ...optional("name", textIn(title)?.slice(0, 256)) };
  const name = textIn(sender_user_name)?.slice(0, 256);
  return name === undefined ? undefined : { name };
}
