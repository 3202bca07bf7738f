import { optional } from "../../../model/optional.ts";
import type { ListedAttachment } from "../../../platform/vocabulary/vocabulary.ts";
import type { Includes, XMedia } from "../client/response-schemas.ts";

/** Media types by the ending of X's addresses. */
const TYPES: Readonly<Record<string, string>> = {
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  webp: "image/webp",
  gif: "image/gif",
  mp4: "video/mp4",
};

/** Returns the attachments of a post or message by media keys. Undefined: no attachments. */
export function attachmentsOf(
  keys: readonly string[] | null | undefined,
  includes: Includes | undefined,
): readonly ListedAttachment[] | undefined {
  const media = (keys ?? []).flatMap((key) => includes?.media?.filter((entry) => entry.media_key === key) ?? []);
  return media.length === 0 ? undefined : media.map(attachmentOf);
}

function attachmentOf(media: XMedia): ListedAttachment {
  const video = bestVideo(media);
  const url = video?.url ?? media.url ?? media.preview_image_url;
  return {
    ...optional("id", media.media_key),
    ...optional("mediaType", video?.content_type ?? typeOf(url)),
    ...optional("url", url),
    ...optional("width", media.width),
    ...optional("height", media.height),
    ...optional("duration", media.duration_ms === undefined ? undefined : media.duration_ms / 1_000),
    ...optional("alt", media.alt_text?.slice(0, 4_096)),
  };
}

/** Returns the variant of the highest bit rate. Playlists, which have no bit rate, come last. */
function bestVideo({ variants }: XMedia) {
  return [...(variants ?? [])].sort((a, b) => (b.bit_rate ?? -1) - (a.bit_rate ?? -1))[0];
}

function typeOf(url: string | undefined): string | undefined {
  const ending = /\.([a-z0-9]{3,4})(?:$|[?:])/i.exec(url ?? "")?.[1] ?? /[?&]format=([a-z]+)/.exec(url ?? "")?.[1];
  return ending === undefined ? undefined : TYPES[ending.toLowerCase()];
}
