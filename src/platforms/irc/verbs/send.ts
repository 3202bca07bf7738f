import type { IrcMessage } from "irc-framework";
import type { Activity } from "../../../model/activity.ts";
import { type Outcome, outcomeOf, type Receipt, type VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { fault } from "../client/coded-error.ts";
import { classifyError, outcomeUnknown } from "../errors.ts";
import { isRoom } from "../schemas/identifiers.ts";
import type { MessageObject } from "../schemas/messages.ts";
import { roomFor, split, spoken } from "./split.ts";

interface Said {
  readonly outcome: Outcome;
  readonly parts: ReadonlyArray<{ readonly body: string; readonly id?: string }>;
  readonly proof?: "echo" | "pong";
}

/**
 * Says a text to each pending target, in parts where it is long. `sent` means that the network took it: it gave the text back
 * (echo-message), or answered a PING behind it without a complaint. Throws what happened before anything left.
 */
export async function send(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  let committed = false;
  const commit = async (): Promise<void> => {
    if (committed) return;
    await context.commit();
    committed = true;
  };
  const said: Said[] = [];
  for (const index of context.pending) {
    const address = activity.target[index]?.address ?? "";
    const one = await say(client, address, activity.object as MessageObject, context.signal, commit).catch((thrown) => {
      if (!committed) throw thrown;
      return { outcome: outcomeOf(address, classifyError(thrown)), parts: [] };
    });
    said.push(one);
  }
  const [first] = said;
  return {
    outcomes: said.map(({ outcome }) => outcome),
    object: {
      parts: first?.parts ?? [],
      ...(first?.proof ? { proof: first.proof } : {}),
    },
  };
}

async function say(
  { ask, refusal, isOwn, echoes }: Client,
  address: string,
  { body, type = "message" }: MessageObject,
  signal: AbortSignal,
  commit: () => Promise<void>,
): Promise<Said> {
  const texts = split(body, roomFor(address, type));
  const lines = texts.map((text) => spoken(address, text, type));
  let left = false;
  const onWrite = () => {
    left = true;
  };
  try {
    const asksFirst = type === "notice" && !echoes() && !isRoom(address);
    const { messages } = await ask({
      lines: asksFirst ? [`ISON ${address}`, ...lines] : lines,
      signal,
      before: commit,
      onWrite,
    });
    const ids = lines.map((line) => echoOf(line, messages, isOwn)?.tags.msgid);
    const parts = texts.map((text, index) => ({ body: text, ...(ids[index] ? { id: ids[index] } : {}) }));
    const refused = refusal(messages) ?? (asksFirst ? absence(address, messages) : undefined);
    if (refused) return { outcome: refusedOutcome(address, refused, lines.length), parts };
    const [id] = ids;
    const proof = lines.some((line) => echoOf(line, messages, isOwn)) ? "echo" : "pong";
    return { outcome: { address, status: "sent", ...(id ? { id } : {}) }, parts, proof };
  } catch (thrown) {
    if (!left) throw thrown;
    return { outcome: outcomeOf(address, outcomeUnknown(thrown)), parts: [] };
  }
}

/** Notices into the void are never complained about: without an echo only asking tells whether there is anybody. */
function absence(nick: string, messages: readonly IrcMessage[]): Error | undefined {
  const there = messages.find(({ command }) => command === "303")?.params.at(-1);
  if (there === undefined || there.toLowerCase().split(" ").includes(nick.toLowerCase())) return undefined;
  return fault("IRC_NUMERIC", "Nobody has that nick", { numeric: "401" });
}

/** The network's copy of a line of ours. */
function echoOf(
  line: string,
  messages: readonly IrcMessage[],
  isOwn: (nick: string) => boolean,
): IrcMessage | undefined {
  return messages.find(
    ({ command, params, nick }) => isOwn(nick) && line === `${command} ${params[0]} :${params.at(-1)}`,
  );
}

/** Of several parts some may have been taken: then it is not repeated, even where the network would allow that later. */
function refusedOutcome(address: string, refused: Error, parts: number): Outcome {
  const outcome = outcomeOf(address, classifyError(refused));
  return parts > 1 && outcome.status === "deferred" ? outcomeOf(address, outcomeUnknown(refused)) : outcome;
}
