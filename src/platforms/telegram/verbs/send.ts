import { optional } from "../../../model/optional.ts";
import { forEachTarget } from "../../../platform/kit/for-each-target.ts";
import { richTextOf, splitRichText, toPlain } from "../../../platform/kit/rich-text/rich-text.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { ApiRequest } from "../client/api.ts";
import type { Client } from "../client/client.ts";
import { toTelegramHtml } from "../client/rich-text.ts";
import { classifyError, outcomeUnknown, recordOf } from "../errors.ts";
import { chatOf } from "../schemas/addresses.ts";
import { MAX_CAPTION, MAX_TEXT, type SendSchema } from "../schemas/messages.ts";
import { keyboardOf, mediaRequests } from "./media.ts";

type SendActivity = ActivityOf<typeof SendSchema>;
type Request = Pick<ApiRequest, "method" | "parameters" | "files">;
interface Part {
  readonly body?: string;
  readonly id: string;
}

/**
 * Sends one message to each target. A long text becomes several, a file carries the text as caption where it fits.
 * When a later part fails after an earlier one was sent, the outcome is `unknown`, since nothing must be sent twice.
 */
export async function send(client: Client, activity: SendActivity, context: VerbContext): Promise<Receipt> {
  const requests = await requestsOf(activity, context);
  let first: readonly Part[] = [];
  const receipt = await forEachTarget(activity, context, { classifyError }, async (address, beforeSend) => {
    const parts = await sendAll(client, address, requests, context, beforeSend);
    if (first.length === 0) first = parts;
    return parts[0]?.id;
  });
  const [part] = first;
  return { ...receipt, object: { ...optional("id", part?.id), ...(first.length > 1 ? { parts: first } : {}) } };
}

async function sendAll(
  client: Client,
  address: string,
  requests: readonly Request[],
  { signal }: Pick<VerbContext, "signal">,
  beforeSend: () => Promise<void>,
): Promise<Part[]> {
  const { chat_id, ...thread } = chatOf(address);
  const parts: Part[] = [];
  for (const { method, parameters, files } of requests) {
    const request = { method, parameters: { chat_id, ...thread, ...parameters }, ...optional("files", files) };
    try {
      const result = await client.paced(chat_id, { ...request, signal, beforeSend });
      parts.push(...idsOf(result).map((id) => ({ ...optional("body", plainOf(parameters)), id })));
    } catch (thrown) {
      throw parts.length > 0 ? outcomeUnknown(thrown) : thrown;
    }
  }
  return parts;
}

/** Requests that carry a message: text, files, location. Buttons and the answered message where they belong. */
async function requestsOf({ object }: SendActivity, context: VerbContext): Promise<Request[]> {
  const { location, inReplyTo, buttons } = object;
  const document =
    object.body === undefined && object.html === undefined && object.markdown === undefined ? [] : richTextOf(object);
  const blobs = object.attachments === undefined ? [] : await context.attachments();
  const isCaption = blobs.length > 0 && toPlain(document).length <= MAX_CAPTION;
  const caption = isCaption && document.length > 0 ? { caption: toTelegramHtml(document), parse_mode: "HTML" } : {};
  const texts = isCaption ? [] : splitRichText(document, MAX_TEXT).map((part) => toTelegramHtml(part));
  const requests: Request[] = [
    ...texts.map((text) => ({ method: "sendMessage", parameters: { text, parse_mode: "HTML" } })),
    ...mediaRequests(blobs, caption),
    ...(location === undefined ? [] : [locationRequest(location)]),
  ];
  return requests.map((request, index) => ({
    ...request,
    parameters: {
      ...request.parameters,
      ...(index === 0 && inReplyTo !== undefined ? { reply_parameters: { message_id: Number(inReplyTo) } } : {}),
      ...(index === requests.length - 1 && buttons ? { reply_markup: keyboardOf(buttons) } : {}),
    },
  }));
}

function locationRequest({ latitude, longitude, name }: NonNullable<SendActivity["object"]["location"]>): Request {
  if (name === undefined) return { method: "sendLocation", parameters: { latitude, longitude } };
  return { method: "sendVenue", parameters: { latitude, longitude, title: name, address: name } };
}

/** Ids of the messages in a result: one message, or the list of an album. */
function idsOf(result: unknown): string[] {
  const messages: readonly unknown[] = Array.isArray(result) ? result : [result];
  return messages.flatMap((message) => {
    const id = recordOf(message).message_id;
    return Number.isSafeInteger(id) ? [String(id)] : [];
  });
}

function plainOf(parameters: Request["parameters"]): string | undefined {
  const text = parameters?.text;
  return typeof text === "string" ? text : undefined;
}
