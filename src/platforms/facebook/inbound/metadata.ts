/**
 * Returns the metadata of a sent message: the app and the activity. The message's echo repeats the metadata, which tells own messages from those of other apps on the same Page.
 */
export function metadataOf(app: string, activityId: string): string {
  return `dragoman:${app}:${activityId}`;
}

/** Tells whether an echo's metadata says that this app sent the message. */
export function isOwnEcho(metadata: unknown, app: string): boolean {
  return typeof metadata === "string" && metadata.startsWith(`dragoman:${app}:`);
}
