import { classifyError } from "../errors.ts";
import { isRefusal } from "./coded-error.ts";
import type { StoredChannel } from "./joined-channels.ts";
import type { Session } from "./session.ts";

/** Channels per JOIN line. */
const MAX_CHANNELS_PER_LINE = 10;
/** Bytes of a line's list of channels and keys; a line has 510. */
const MAX_LIST_BYTES = 480;

/**
 * Joins the stored channels again; returns whether the account is in all of them. Channels that refuse are reported to the
 * app and stay stored; a channel that forwards (470) is replaced by the channel behind.
 */
export async function rejoinChannels(session: Session, signal: AbortSignal): Promise<boolean> {
  const missing = await joinMissingChannels(session, signal);
  for (const { channel, reason } of missing) session.channels.reportRefused(channel, reason);
  return missing.length === 0;
}

/** A stored channel that the account is not in, and the network's reason. */
interface MissingChannel {
  readonly channel: string;
  readonly reason: string;
}

/** Joins the stored channels that the account is not in; returns those that refuse. */
export async function joinMissingChannels(
  { request, channels, refusal }: Session,
  signal: AbortSignal,
): Promise<readonly MissingChannel[]> {
  const stored = (await channels.stored()).filter(({ channel }) => !channels.has(channel));
  if (stored.length === 0) return [];
  // Keys are matched by position, so channels with a key come first.
  const ordered = [
    ...stored.filter(({ password }) => password !== undefined),
    ...stored.filter(({ password }) => password === undefined),
  ];
  const { messages } = await request({ lines: joinLines(ordered), signal });
  const missing: MissingChannel[] = [];
  for (const { channel, password } of stored) {
    if (channels.has(channel)) continue;
    const forwarded = messages.find(({ command, params }) => command === "470" && params[1] === channel)?.params[2];
    if (forwarded !== undefined && channels.has(forwarded)) {
      await channels.forget(channel);
      await channels.store(forwarded, password);
      continue;
    }
    const refused = refusal(messages.filter((message) => isRefusal(message) && message.params.includes(channel)));
    const reason = refused ? classifyError(refused).message : "The channel did not let the account in again.";
    missing.push({ channel, reason });
  }
  return missing;
}

/** Builds the lines that join these channels, several at a time. */
function joinLines(channels: readonly StoredChannel[]): readonly string[] {
  const lines: string[] = [];
  let group: StoredChannel[] = [];
  const parameters = () => {
    const keys = group.flatMap(({ password }) => (password === undefined ? [] : [password]));
    return `${group.map(({ channel }) => channel).join(",")} ${keys.join(",")}`.trim();
  };
  for (const channel of channels) {
    group.push(channel);
    if (group.length > MAX_CHANNELS_PER_LINE || Buffer.byteLength(parameters()) > MAX_LIST_BYTES) {
      group.pop();
      lines.push(`JOIN ${parameters()}`);
      group = [channel];
    }
  }
  return [...lines, `JOIN ${parameters()}`];
}
