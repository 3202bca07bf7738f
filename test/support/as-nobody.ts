/** User and group `nobody` of Debian. */
export const NOBODY = 65_534;

/** Returns the command by which root gives up its rights; empty for other users. */
export function asNobody(): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  return ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
}
