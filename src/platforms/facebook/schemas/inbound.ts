import type { TermName } from "../../../platform/vocabulary/vocabulary.ts";

const MESSAGE = ["type", "id", "body", "attachments", "inReplyTo", "value", "location"] as const;

/** Verbs that arrive from Facebook, with the terms of their objects. */
export const INBOUND: Readonly<Record<string, readonly TermName[]>> = {
  send: MESSAGE,
  post: ["type", "id", "body", "url", "inReplyTo", "attachments"],
  update: ["type", "id", "body", "url", "value"],
  delete: ["type", "id"],
  react: ["type", "id", "content"],
  follow: ["type", "id", "address"],
  unfollow: ["type", "id", "address"],
  unreact: ["type", "id", "content"],
};
