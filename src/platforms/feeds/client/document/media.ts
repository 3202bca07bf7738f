import type { RssFeed } from "feedsmith";
import type { NormalizedEntry, TextBody } from "./normalized-entry.ts";

type Media = RssFeed.Item<string>["media"];

/** Returns the texts of Media RSS, which are the only ones of some feeds (videos). */
export function mediaBodies(media: Media): readonly TextBody[] {
  return laneParts(media).map(({ description }) => ({
    value: description?.value,
    kind: description?.type === "html" ? "html" : "unknown",
  }));
}

/** Returns the files and thumbnails of Media RSS, those of groups included. */
export function mediaFiles(media: Media): NormalizedEntry["media"] {
  const parts = laneParts(media);
  const contents = parts.flatMap((part) => part.contents ?? []);
  const thumbnails = [...parts, ...contents].flatMap((part) => part.thumbnails ?? []);
  return [
    ...contents.map(({ fileSize, ...file }) => ({ ...file, length: fileSize })),
    ...thumbnails.map(({ url, width, height }) => ({ url, width, height })),
  ];
}

/** Returns the categories and keywords of Media RSS. */
export function mediaTags(media: Media): NormalizedEntry["tags"] {
  return laneParts(media).flatMap(({ categories = [], keywords = [] }) => [
    ...categories.map(({ label, name }) => label ?? name),
    ...keywords,
  ]);
}

function laneParts(media: Media): ReadonlyArray<NonNullable<Media>> {
  return media === undefined ? [] : [media, ...(media.groups ?? [])];
}
