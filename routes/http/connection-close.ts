import type { RequestListener } from "node:http";

/**
 * While this process leaves, each answer says that it is the last of its connection. A proxy that keeps connections then
 * opens its next one elsewhere, and never sends a request into one that we are closing.
 */
export function closeWhileLeaving(leaving: () => boolean, listener: RequestListener): RequestListener {
  return (req, res) => {
    if (leaving()) res.shouldKeepAlive = false;
    listener(req, res);
  };
}
