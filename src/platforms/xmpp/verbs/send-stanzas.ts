import type { Activity } from "../../../model/activity.ts";
import type { Failure } from "../../../model/failure.ts";
import { type Outcome, outcomeOf, type Receipt, type VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { bare } from "../client/jid.ts";
import type { Stanza } from "../client/library.ts";
import { classifyError, inDoubt, notInRoom } from "../errors.ts";
import { attr, refusedBy } from "../inbound/inbound.ts";

/** Receipts come long after: for so long their ids are known. */
const TRACE_SECONDS = 86_400;

/** One target's stanzas. */
export interface Letter {
  readonly address: string;
  /** The id that the last stanza carries, and that an error about it names. */
  readonly id: string;
  readonly stanzas: readonly Stanza[];
  /** The room that sends it back to us when it took it; absent: the server's word is all there is. */
  readonly room?: string;
  /** A topic: rooms may give it another id, or none. */
  readonly topic?: string | undefined;
}
/** Writes one target's letter; `to` is the bare room or the JID as given. */
export type Compose = (to: {
  readonly address: string;
  readonly isRoom: boolean;
  readonly id: string;
}) => readonly Stanza[];

/** The id by which a target's message is known everywhere: the activity's, with the target's number where there are several. */
export function letterId({ id, target }: Activity, index: number): string {
  return target.length > 1 ? `${id}.${index}` : id;
}

/** Whether a target is a room: as the activity says, else where the account is in it. */
export function isRoom({ rooms }: Pick<Client, "rooms">, { context }: Activity, address: string): boolean {
  if (context !== undefined) return context === "room";
  return rooms.has(address.toLowerCase());
}

/** Sends one letter to each pending target, and says for each what its room or server made of it. */
export async function post(
  client: Client,
  activity: Activity,
  context: VerbContext,
  compose: Compose,
): Promise<Receipt> {
  const letters = context.pending.map((index): Letter | Outcome => {
    const address = activity.target[index]?.address ?? "";
    const toRoom = isRoom(client, activity, address);
    if (toRoom && !client.rooms.has(bare(address))) return outcomeOf(address, notInRoom());
    const id = letterId(activity, index);
    const stanzas = compose({ address: toRoom ? bare(address) : address, isRoom: toRoom, id });
    const { topic } = activity.object as { readonly topic?: string };
    return { address, id, stanzas, topic, ...(toRoom ? { room: bare(address) } : {}) };
  });
  if (!letters.some((letter) => "stanzas" in letter)) return { outcomes: letters as Outcome[] };
  await context.commit({ receiptTtlSeconds: TRACE_SECONDS });
  const ended = await Promise.allSettled(
    letters.map((one) => ("stanzas" in one ? posted(client, one, context.signal) : one)),
  );
  const failures = ended.flatMap((one) => (one.status === "rejected" ? [classifyError(one.reason)] : []));
  // One in doubt puts the whole in doubt: what is simply tried again must not hold what may have landed.
  const doubt = failures.find(({ mayHaveLanded }) => mayHaveLanded);
  if (doubt) throw doubt;
  const outcomes = ended.map((one, at) =>
    one.status === "fulfilled" ? one.value : outcomeOf(letters[at]?.address ?? "", classifyError(one.reason)),
  );
  return { outcomes, object: { id: activity.id } };
}

/** Writes a letter and waits for what proves it; throws `mayHaveLanded` when the stream broke in between. */
async function posted(client: Client, letter: Letter, signal: AbortSignal): Promise<Outcome> {
  const { address, id, room } = letter;
  const heard = listen(client, letter);
  let written = false;
  try {
    signal.throwIfAborted();
    let place = 0;
    for (const stanza of letter.stanzas) {
      place = client.stream.put(stanza);
      written = true;
    }
    if (room !== undefined) return { address, status: "sent", id: (await client.stream.within(heard.reflected)) ?? id };
    await Promise.race([client.stream.proof(place), heard.reflected]);
    return { address, status: "sent", id };
  } catch (thrown) {
    if (!written) throw classifyError(thrown);
    if (thrown instanceof Refused) return outcomeOf(address, thrown.failure);
    throw inDoubt(thrown);
  } finally {
    heard.stop();
  }
}

class Refused extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super("Refused");
    this.failure = failure;
  }
}

/** Listens for a room's reflection (answers the room's own id of it) and for errors about a letter. */
function listen(client: Client, letter: Letter) {
  const { id, room, address } = letter;
  const nick = room === undefined ? "" : (client.rooms.get(room)?.nick ?? "");
  let stop: () => void = () => undefined;
  const reflected = new Promise<string | undefined>((resolve, reject) => {
    stop = client.watch((stanza) => {
      const from = attr(stanza, "from") ?? "";
      if (bare(from) !== bare(address)) return false;
      if (stanza.attrs.id === id && stanza.attrs.type === "error") {
        reject(new Refused(refusedBy(stanza)));
        return true;
      }
      if (room === undefined || from !== `${room}/${nick}` || !isReflection(stanza, letter)) return false;
      const filed = stanza.getChildren("stanza-id", "urn:xmpp:sid:0").find((one) => attr(one, "by") === room);
      resolve(attr(filed, "id"));
      return false;
    });
  });
  reflected.catch(() => undefined);
  return { reflected, stop };
}

function isReflection(stanza: Stanza, { id, topic }: Letter): boolean {
  if (stanza.attrs.type !== "groupchat") return false;
  return topic === undefined ? stanza.attrs.id === id : stanza.getChild("subject")?.text() === topic;
}
