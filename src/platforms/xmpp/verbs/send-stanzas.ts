import type { Activity } from "../../../model/activity.ts";
import type { Failure } from "../../../model/failure.ts";
import { type Outcome, outcomeOf, type Receipt, type VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { bare } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { attr, failureOf } from "../client/stanza.ts";
import { classifyError, isPolicyViolation, notInRoom, outcomeUnknown, roomLost, tooLarge } from "../errors.ts";

/** Receipts come long after sending: their ids are known for a day. */
const RECEIPT_TTL_SECONDS = 86_400;

/** Stanzas for a single target. */
export interface OutgoingMessage {
  readonly address: string;
  /** Id of the last stanza; an error stanza names the same id. */
  readonly id: string;
  readonly stanzas: readonly Stanza[];
  /** Room whose reflection proves the delivery; absent: the server's acknowledgement is the only proof. */
  readonly room?: string;
  /** Topic to recognise in the reflection: rooms may give topics another id, or none. */
  readonly topic?: string | undefined;
}
export interface Recipient {
  /** The bare room, or the JID as given. */
  readonly address: string;
  readonly isRoom: boolean;
  readonly id: string;
}
/** Builds one target's stanzas. */
export type ComposeStanzas = (recipient: Recipient) => readonly Stanza[];

/** Returns the id of a target's message. With several targets, the target's number follows the activity's id. */
export function outgoingId({ id, target }: Pick<Activity, "id" | "target">, index: number): string {
  return target.length > 1 ? `${id}.${index}` : id;
}

/** Returns whether a target is a room, by context, else by the joined rooms. */
export function isRoom(
  { rooms, status }: Pick<Client, "rooms" | "status">,
  { context }: Pick<Activity, "context">,
  address: string,
): boolean {
  if (context !== undefined) return context.type === "room";
  return rooms.has(address.toLowerCase()) || status.pendingRooms.has(address.toLowerCase());
}

export interface SendOptions {
  /** Topic to recognise in a room's reflection. */
  readonly topic?: string;
}

/** Sends stanzas to each pending target; the outcomes say what each room or server answered. */
export async function sendStanzas(
  client: Client,
  activity: Pick<Activity, "id" | "target" | "context">,
  context: VerbContext,
  compose: ComposeStanzas,
  { topic }: SendOptions = {},
): Promise<Receipt> {
  const messages = context.pending.map((index): OutgoingMessage | Outcome => {
    const address = activity.target[index]?.address ?? "";
    const toRoom = isRoom(client, activity, address);
    if (toRoom && !client.rooms.has(bare(address)))
      return outcomeOf(address, client.status.pendingRooms.has(bare(address)) ? roomLost() : notInRoom());
    const id = outgoingId(activity, index);
    const stanzas = compose({ address: toRoom ? bare(address) : address, isRoom: toRoom, id });
    return { address, id, stanzas, topic, ...(toRoom ? { room: bare(address) } : {}) };
  });
  if (!messages.some((message) => "stanzas" in message)) return { outcomes: messages as Outcome[] };
  await context.commit({ receiptTtlSeconds: RECEIPT_TTL_SECONDS });
  const settled = await Promise.allSettled(
    messages.map((message) => ("stanzas" in message ? sendToTarget(client, message, context.signal) : message)),
  );
  const failures = settled.flatMap((result) => (result.status === "rejected" ? [classifyError(result.reason)] : []));
  // A single uncertain target makes the whole uncertain: a plain retry must not repeat a message that may have landed.
  const uncertain = failures.find(({ mayHaveLanded }) => mayHaveLanded);
  if (uncertain) throw uncertain;
  const outcomes = settled.map((result, index) =>
    result.status === "fulfilled"
      ? result.value
      : outcomeOf(messages[index]?.address ?? "", classifyError(result.reason)),
  );
  return { outcomes, object: { id: activity.id } };
}

/** Writes a message and waits for proof; throws `mayHaveLanded` when the stream broke in between. */
async function sendToTarget(client: Client, message: OutgoingMessage, signal: AbortSignal): Promise<Outcome> {
  const { address, id, room } = message;
  const { reflected, stop } = watchReflection(client, message);
  let isWritten = false;
  try {
    signal.throwIfAborted();
    let sequence = 0;
    for (const stanza of message.stanzas) {
      client.memory.recipients.set(id, address);
      sequence = client.stream.send(stanza);
      isWritten = true;
    }
    if (room !== undefined) {
      const roomId = await client.stream.withTimeout(reflected);
      return { address, status: "sent", id: roomId ?? id };
    }
    await Promise.race([client.stream.acknowledged(sequence), reflected]);
    return { address, status: "sent", id };
  } catch (thrown) {
    if (!isWritten) throw classifyError(thrown);
    if (thrown instanceof Refused) return refusedOutcome(client, message, thrown.failure);
    if (isPolicyViolation(thrown) && sizeOf(message) > MIN_STANZA_LIMIT) return outcomeOf(address, tooLarge(thrown));
    throw outcomeUnknown(thrown);
  } finally {
    stop();
  }
}

/** Stanza size that every server accepts, in bytes (RFC 6120 section 13.12). */
const MIN_STANZA_LIMIT = 10_000;

function sizeOf({ stanzas }: OutgoingMessage): number {
  return Math.max(...stanzas.map((stanza) => Buffer.byteLength(stanza.toString())));
}

/** Makes the outcome of a refused message. A room that does not know the account is joined again before a retry. */
function refusedOutcome({ status }: Client, { address, room }: OutgoingMessage, failure: Failure): Outcome {
  if (room === undefined || failure.platformCode !== "not-acceptable") return outcomeOf(address, failure);
  status.onRoomLost(room);
  return outcomeOf(address, roomLost());
}

/** The error stanza that answered a message. */
class Refused extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super("Refused");
    this.failure = failure;
  }
}

/** Watches for a room's reflection and for error stanzas. A reflection resolves with the room's id, an error rejects. */
function watchReflection(client: Client, message: OutgoingMessage) {
  const { id, room, address } = message;
  const nick = room === undefined ? "" : (client.rooms.get(room)?.nick ?? "");
  let stop: () => void = () => undefined;
  const reflected = new Promise<string | undefined>((resolve, reject) => {
    stop = client.watch((stanza) => {
      const from = attr(stanza, "from") ?? "";
      if (bare(from) !== bare(address)) return false;
      if (stanza.attrs.id === id && stanza.attrs.type === "error") {
        reject(new Refused(failureOf(stanza)));
        return true;
      }
      if (room === undefined || from !== `${room}/${nick}` || !isReflection(stanza, message)) return false;
      resolve(roomIdOf(client, stanza, message));
      return false;
    });
  });
  reflected.catch(() => undefined);
  return { reflected, stop };
}

/** Reads the room's id of a reflected message, where trusted (XEP-0359 section 6). */
function roomIdOf({ rooms, memory }: Client, stanza: Stanza, { room = "", id }: OutgoingMessage): string | undefined {
  if (!rooms.get(room)?.hasStableIds) return undefined;
  const element = stanza.getChildren("stanza-id", "urn:xmpp:sid:0").find((child) => attr(child, "by") === room);
  const roomId = attr(element, "id");
  if (roomId !== undefined) memory.senderIds.set(`${room} ${roomId}`, id);
  return roomId;
}

function isReflection(stanza: Stanza, { id, topic }: OutgoingMessage): boolean {
  if (stanza.attrs.type !== "groupchat") return false;
  return topic === undefined ? stanza.attrs.id === id : stanza.getChild("subject")?.text() === topic;
}
