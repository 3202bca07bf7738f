/**
 * What goes along with a message and comes back in its echo: the app and the activity, so that an echo of what another
 * app sent by the same Page is told from an echo of our own.
 */
export function metadataOf(app: string, activity: string): string {
  return `dragoman:${app}:${activity}`;
}

/** Whether an echo's metadata says that this app sent the message. */
export function isOwn(metadata: unknown, app: string): boolean {
  return typeof metadata === "string" && metadata.startsWith(`dragoman:${app}:`);
}
