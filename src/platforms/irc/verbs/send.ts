import type { IrcMessage } from "irc-framework";
import { fromIrc, networkText, toPlain } from "../../../platform/kit/rich-text/rich-text.ts";
import {
  type ActivityOf,
  type Outcome,
  outcomeOf,
  type Receipt,
  type VerbContext,
} from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { codedError } from "../client/coded-error.ts";
import { classifyError, outcomeUnknown } from "../errors.ts";
import { isChannel } from "../schemas/identifiers.ts";
import { IRC_TEXT, type MessageObject, type SendSchema } from "../schemas/messages.ts";
import { runForTargets } from "./command.ts";
import { availableBytes, messageLine, split } from "./split.ts";

/** Seconds in which a network behind a bouncer may still refuse a message. */
const BOUNCER_RECEIPT_SECONDS = 300;

/** Confirmation of a message: network's echo, PING answered without a refusal, or a bouncer's word. */
type Proof = "echo" | "answer" | "bouncer";

interface SendResult {
  readonly outcome: Outcome;
  readonly parts: ReadonlyArray<{ readonly body: string; readonly id?: string }>;
  readonly proof?: Proof;
}

/**
 * Sends a text to each pending target, in parts where the text is long. `sent` means that the network took the text: by
 * an echo (echo-message), or by answering a PING behind the text without a refusal. Throws errors from before sending.
 */
export async function send(
  client: Client,
  activity: ActivityOf<typeof SendSchema>,
  context: VerbContext,
): Promise<Receipt> {
  const commit = () =>
    client.isBouncer() ? context.commit({ receiptTtlSeconds: BOUNCER_RECEIPT_SECONDS }) : context.commit();
  const results = await runForTargets(activity, { pending: context.pending, commit }, async (address, commitOnce) => {
    const result = await sendToTarget(client, address, activity.object, context.signal, commitOnce);
    if (result.proof === "bouncer" && result.outcome.status === "sent")
      client.sentMessages.remember(address, activity.id);
    return result;
  });
  const first = results[0];
  const { parts = [], proof = undefined } = first && "parts" in first ? first : {};
  return {
    outcomes: results.map(({ outcome }) => outcome),
    object: { parts, ...(proof === undefined ? {} : { proof }) },
  };
}

async function sendToTarget(
  client: Client,
  address: string,
  object: MessageObject,
  signal: AbortSignal,
  commit: () => Promise<void>,
): Promise<SendResult> {
  const { type = "message" } = object;
  const texts = split(networkText(object, IRC_TEXT) ?? "", availableBytes(address, type));
  const lines = texts.map((text) => messageLine(address, text, type));
  let isSent = false;
  const onWrite = () => {
    isSent = true;
  };
  try {
    const asksFirst = type === "notice" && !client.hasEcho() && !isChannel(address);
    const { messages } = await client.request({
      lines: asksFirst ? [`ISON ${address}`, ...lines] : lines,
      signal,
      beforeSend: commit,
      onWrite,
    });
    const echoes = lines.map((line) => echoOf(line, messages, client.isOwnNick));
    const parts = texts.map((text, index) => ({ body: plainOf(text), ...idOf(echoes[index]) }));
    const refused = client.refusal(messages, lines) ?? (asksFirst ? absence(address, messages) : undefined);
    if (refused) return { outcome: refusedOutcome(address, refused, lines.length), parts };
    const proof = client.isBouncer() ? "bouncer" : echoes.some((echo) => echo !== undefined) ? "echo" : "answer";
    return { outcome: { address, status: "sent", ...idOf(echoes[0]) }, parts, proof };
  } catch (thrown) {
    if (!isSent) throw thrown;
    return { outcome: outcomeOf(address, outcomeUnknown(thrown)), parts: [] };
  }
}

/** Returns a part without formatting characters, as results show it. */
function plainOf(text: string): string {
  return toPlain(fromIrc(text));
}

function idOf(echo: IrcMessage | undefined): { readonly id?: string } {
  const id = echo?.tags.msgid;
  return id ? { id } : {};
}

/** Reads the answer to ISON. Servers never refuse a notice to an unknown nick, so without echo the nick is queried. */
function absence(nick: string, messages: readonly IrcMessage[]): Error | undefined {
  const present = messages.find(({ command }) => command === "303")?.params.at(-1);
  if (present === undefined || present.toLowerCase().split(" ").includes(nick.toLowerCase())) return undefined;
  return codedError("IRC_NUMERIC", "The nick is not online", { numeric: "401" });
}

/** Returns the network's echo of an own line. */
function echoOf(
  line: string,
  messages: readonly IrcMessage[],
  isOwnNick: (nick: string) => boolean,
): IrcMessage | undefined {
  return messages.find(
    ({ command, params, nick }) => isOwnNick(nick) && line === `${command} ${params[0]} :${params.at(-1)}`,
  );
}

/** Makes the outcome of a refusal. Some of several parts may have landed: then nothing is repeated. */
function refusedOutcome(address: string, refused: Error, parts: number): Outcome {
  const outcome = outcomeOf(address, classifyError(refused));
  return parts > 1 && outcome.status === "deferred" ? outcomeOf(address, outcomeUnknown(refused)) : outcome;
}
