/** Roles of console users. A viewer sees everything and changes nothing. */
export const CONSOLE_ROLES = ["admin", "viewer"] as const;
export type ConsoleRole = (typeof CONSOLE_ROLES)[number];

/** Person at the console, as the audit log names the person. */
export interface ConsoleUser {
  readonly name: string;
  readonly role: ConsoleRole;
}

/** Form of a user's name. */
export const CONSOLE_NAME = /^[A-Za-z0-9][A-Za-z0-9._@ -]{0,63}$/;
