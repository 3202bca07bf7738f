import type { TermName } from "../../../platform/vocabulary/vocabulary.ts";

const POST = ["type", "id", "body", "inReplyTo", "quotes", "language", "attachments"] as const;

/** Verbs that arrive from X, with the terms of their objects. */
export const INBOUND: Readonly<Record<string, readonly TermName[]>> = {
  post: POST,
  share: [...POST, "author", "bodyTruncated"],
  send: ["type", "id", "body", "attachments"],
  follow: ["type", "id", "address"],
  unfollow: ["type", "id", "address"],
};
