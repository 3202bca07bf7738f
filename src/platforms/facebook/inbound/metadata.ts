/**
 * Returns the metadata of a sent message, which comes back in its echo: the app and the activity, so that an echo of another
 * app's message on the same Page is told from an echo of the gateway's own.
 */
export function metadataOf(app: string, activityId: string): string {
  return `dragoman:${app}:${activityId}`;
}

/** Tells whether an echo's metadata says that this app sent the message. */
export function isOwnEcho(metadata: unknown, app: string): boolean {
  return typeof metadata === "string" && metadata.startsWith(`dragoman:${app}:`);
}
