import type { ListedAttachment } from "../../../platform/vocabulary/vocabulary.ts";
import { httpUrl, type JsonRecord, recordOf, recordsIn, textOf, withoutUndefined } from "./json.ts";

const MAX_ATTACHMENTS = 20;

/** Media types by the ending of an address. */
const TYPES: Readonly<Record<string, string>> = {
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  gif: "image/gif",
  webp: "image/webp",
  mp4: "video/mp4",
  mov: "video/quicktime",
  mp3: "audio/mpeg",
  aac: "audio/aac",
  m4a: "audio/mp4",
  pdf: "application/pdf",
};
/** Media types that Facebook converts uploads to, by its kinds of attachments. */
const TYPES_OF_KINDS: Readonly<Record<string, string>> = {
  image: "image/jpeg",
  photo: "image/jpeg",
  sticker: "image/png",
  video: "video/mp4",
  audio: "audio/mp4",
};

/**
 * Returns the attachments of a message, post or comment; undefined where there are none. Addresses are valid for a while
 * only. Locations are no attachments.
 */
export function attachmentsOf(value: unknown): readonly ListedAttachment[] | undefined {
  const attachments = recordsIn(value, MAX_ATTACHMENTS)
    .map(attachmentOf)
    .filter((attachment) => Object.keys(attachment).length > 0);
  return attachments.length === 0 ? undefined : attachments;
}

function attachmentOf(entry: JsonRecord): ListedAttachment {
  const kind = textOf(entry.type ?? entry.media_type, 32);
  if (kind === "location") return {};
  const payload = recordOf(entry.payload);
  const image = imageOf(entry);
  const url = httpUrl(payload.url ?? entry.file_url ?? recordOf(entry.video_data).url ?? image.url ?? entry.url);
  return withoutUndefined({
    name: textOf(entry.title ?? entry.name ?? payload.title, 255),
    mediaType: textOf(entry.mime_type, 127) ?? typeOf(url, kind),
    size: integerOf(entry.size),
    url,
    id: typeof payload.sticker_id === "number" ? String(payload.sticker_id) : undefined,
    width: integerOf(image.width),
    height: integerOf(image.height),
  });
}

/** Returns the picture of an attachment, by the names that messages and comments use. */
function imageOf(entry: JsonRecord): JsonRecord {
  const image = recordOf(recordOf(entry.media).image);
  return entry.image_data === undefined ? { ...image, url: image.src } : recordOf(entry.image_data);
}

function typeOf(url: string | undefined, kind = ""): string | undefined {
  const ending = /\.([a-z0-9]{3,4})(?:$|\?)/i.exec(url ?? "")?.[1]?.toLowerCase() ?? "";
  if (Object.hasOwn(TYPES, ending)) return TYPES[ending];
  return Object.hasOwn(TYPES_OF_KINDS, kind) ? TYPES_OF_KINDS[kind] : undefined;
}

function integerOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** Returns the location that a message shares. */
export function locationOf(value: unknown) {
  const entry = recordsIn(value, MAX_ATTACHMENTS).find(({ type }) => type === "location");
  const { lat: latitude, long: longitude } = recordOf(recordOf(entry?.payload).coordinates);
  if (!isDegrees(latitude, 90) || !isDegrees(longitude, 180)) return undefined;
  return withoutUndefined({ latitude, longitude, name: textOf(entry?.title, 255) });
}

function isDegrees(value: unknown, max: number): value is number {
  return typeof value === "number" && Math.abs(value) <= max;
}

/** Returns the id of the sticker that a message is. */
export function stickerOf(value: unknown): string | undefined {
  const ids = recordsIn(value, MAX_ATTACHMENTS).map(({ payload }) => recordOf(payload).sticker_id);
  const id = ids.find((candidate) => typeof candidate === "number" && Number.isSafeInteger(candidate));
  return id === undefined ? undefined : String(id);
}
