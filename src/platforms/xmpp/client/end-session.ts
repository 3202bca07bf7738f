import type { Client } from "./client.ts";

/**
 * Ends a session so that no message is lost on the way to it.
 * The server learns that the account is away and keeps later messages for its next session; those that it sent before
 * are recorded and acknowledged, as are those that were just sent. A server without XEP-0198 would lose what it sent
 * into the closing socket, and one that has another session by then would return it to its sender. A stream that breaks
 * or stays silent is just closed.
 */
export async function endSession({ stream, handled, watch, context, endMs }: Client): Promise<void> {
  if (stream.isEnded()) return;
  // The account's leave of its rooms is no news: the next session enters them again.
  watch(({ name }) => name === "presence");
  const orderly = async (): Promise<void> => {
    await stream.leave();
    await handled();
  };
  try {
    await stream.withTimeout(orderly(), endMs);
  } catch (err) {
    context.log.debug({ err }, "xmpp session closed before the server knew of its end");
  }
  await stream.close();
}
