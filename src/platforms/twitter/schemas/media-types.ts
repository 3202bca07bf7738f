export type MediaKind = "image" | "gif" | "video";

interface MediaType {
  readonly kind: MediaKind;
  /** Tells whether a file's first bytes are of this type. */
  readonly matches: (bytes: Buffer) => boolean;
}

const hasText = (bytes: Buffer, offset: number, text: string): boolean =>
  bytes.toString("latin1", offset, offset + text.length) === text;

/** Media types that X accepts. */
export const MEDIA_TYPES: Readonly<Record<string, MediaType>> = {
  "image/jpeg": { kind: "image", matches: (bytes) => hasText(bytes, 0, "\u00ff\u00d8\u00ff") },
  "image/png": { kind: "image", matches: (bytes) => hasText(bytes, 0, "\u0089PNG\r\n\u001a\n") },
  "image/webp": { kind: "image", matches: (bytes) => hasText(bytes, 0, "RIFF") && hasText(bytes, 8, "WEBP") },
  "image/gif": { kind: "gif", matches: (bytes) => hasText(bytes, 0, "GIF8") },
  "video/mp4": { kind: "video", matches: (bytes) => hasText(bytes, 4, "ftyp") && !hasText(bytes, 8, "qt  ") },
  "video/quicktime": { kind: "video", matches: (bytes) => hasText(bytes, 4, "ftypqt  ") },
};
export const ACCEPTED_TYPES = "image/jpeg, image/png, image/webp, image/gif, video/mp4, video/quicktime";

/** Maximum size of a picture at X. GIFs and videos may be larger than an activity can carry. */
export const MAX_IMAGE_BYTES = 5_000_000;

/** Returns the accepted media type of that name, in either case. */
export function mediaTypeOf(name: string): MediaType | undefined {
  return Object.hasOwn(MEDIA_TYPES, name.toLowerCase()) ? MEDIA_TYPES[name.toLowerCase()] : undefined;
}
