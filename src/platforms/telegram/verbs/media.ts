import type { Blob } from "../../../platform/platform.ts";
import type { Button } from "../../../platform/vocabulary/entities.ts";
import type { ApiRequest } from "../client/api.ts";

type Request = Pick<ApiRequest, "method" | "parameters" | "files">;
type Kind = "photo" | "video" | "audio" | "document" | "animation";

/** Largest photo that the Bot API takes; larger pictures are sent as files. */
const MAX_PHOTO_BYTES = 10 * 1024 * 1024;
const METHOD: Readonly<Record<Kind, string>> = {
  photo: "sendPhoto",
  video: "sendVideo",
  audio: "sendAudio",
  document: "sendDocument",
  animation: "sendAnimation",
};

/** Requests that upload files. One alone, or several photos and videos as an album, the caption with the first. */
export function mediaRequests(blobs: readonly Blob[], caption: Readonly<Record<string, unknown>>): Request[] {
  const isAlbum = blobs.length > 1 && blobs.every((blob) => ["photo", "video"].includes(kindOf(blob)));
  if (!isAlbum) return blobs.map((blob, index) => single(blob, index === 0 ? caption : {}));
  const media = blobs.map((blob, index) => ({
    type: kindOf(blob),
    media: `attach://file${index}`,
    ...(index === 0 ? caption : {}),
  }));
  const files = Object.fromEntries(blobs.map((blob, index) => [`file${index}`, blob]));
  return [{ method: "sendMediaGroup", parameters: { media }, files }];
}

function single(blob: Blob, caption: Readonly<Record<string, unknown>>): Request {
  const kind = kindOf(blob);
  return { method: METHOD[kind], parameters: caption, files: { [kind]: blob } };
}

function kindOf({ mediaType = "", content }: Blob): Kind {
  if (mediaType === "image/gif") return "animation";
  if (/^image\/(jpeg|png|webp)$/.test(mediaType) && content.length <= MAX_PHOTO_BYTES) return "photo";
  if (mediaType === "video/mp4") return "video";
  return /^audio\/(mpeg|mp4|x-m4a)$/.test(mediaType) ? "audio" : "document";
}

/** Keyboard under a message, a button a row. A button without `value` and `url` sends its title back. */
export function keyboardOf(buttons: readonly Button[]): unknown {
  return {
    inline_keyboard: buttons.map(({ title, value, url }) => [
      url === undefined ? { text: title, callback_data: value ?? title } : { text: title, url },
    ]),
  };
}
