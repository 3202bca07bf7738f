import { setTimeout as wait } from "node:timers/promises";
import type { Activity } from "../../../model/activity.ts";
import { Failure } from "../../../model/failure.ts";
import type { Blob, VerbContext } from "../../../platform/platform.ts";
import { ACCEPTED_TYPES, MAX_IMAGE_BYTES, MEDIA_TYPES, type MediaKind } from "../schemas/media-types.ts";
import type { Client } from "./client.ts";
import { Anything, MediaState } from "./response-schemas.ts";

const CHUNK_BYTES = 1024 * 1024;
/** Longest time that X may process a video. */
const MAX_PROCESSING_MS = 100_000;

/** Uploads the activity's attachments in chunks and returns their ids at X. Media stay invisible until a post names the ids. */
export async function uploadMedia(
  client: Client,
  { verb, object }: Pick<Activity, "verb" | "object">,
  context: Pick<VerbContext, "attachments" | "signal">,
): Promise<readonly string[]> {
  if (!Array.isArray(object.attachments) || object.attachments.length === 0) return [];
  const files = (await context.attachments()).map((blob) => ({ blob, ...recogniseType(blob) }));
  if (files.length > 1 && files.some(({ kind }) => kind !== "image")) {
    throw refusal("content-refused", "A GIF or a video must be the only attachment of a post.");
  }
  const ids: string[] = [];
  for (const file of files) ids.push(await upload(client, file, verb === "send" ? "dm" : "tweet", context.signal));
  return ids;
}

interface MediaFile {
  readonly blob: Blob;
  readonly mediaType: string;
  readonly kind: MediaKind;
}

/** Recognises the type by the first bytes. X checks the bytes too, but only after the upload. */
function recogniseType({ content }: Blob): Omit<MediaFile, "blob"> {
  const type = Object.entries(MEDIA_TYPES).find(([, { matches }]) => matches(content));
  if (!type)
    throw refusal("content-refused", `An attachment is not a picture or video of these types: ${ACCEPTED_TYPES}.`);
  const [mediaType, { kind }] = type;
  if (kind === "image" && content.length > MAX_IMAGE_BYTES) {
    throw refusal("content-too-large", "An attachment is a picture above X's maximum of 5 MB.");
  }
  return { mediaType, kind };
}

async function upload(client: Client, file: MediaFile, use: "dm" | "tweet", signal: AbortSignal): Promise<string> {
  const { content } = file.blob;
  const path = "media/upload/:id";
  const common = { method: "POST", signal, isIdempotent: true } as const;
  const body = { media_type: file.mediaType, total_bytes: content.length, media_category: `${use}_${file.kind}` };
  const { data } = await client.request({ ...common, path: "media/upload/initialize", body }, MediaState);
  const params = { id: data.id };
  for (let index = 0; index * CHUNK_BYTES < content.length; index++) {
    const media = content.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
    const body = { segment_index: index, media };
    await client.request({ ...common, path: `${path}/append`, params, body, form: true }, Anything);
  }
  const state = await client.request({ ...common, path: `${path}/finalize`, params }, MediaState);
  return awaitProcessing(client, state, signal);
}

/** Polls until X has processed the upload; returns its id. */
async function awaitProcessing(client: Client, initial: MediaState, signal: AbortSignal): Promise<string> {
  const deadline = Date.now() + MAX_PROCESSING_MS;
  const { id } = initial.data;
  let state = initial;
  for (;;) {
    const info = state.data.processing_info;
    if (!info || info.state === "succeeded") return id;
    if (info.state === "failed") throw refusal("content-refused", "X could not process an attachment.");
    if (Date.now() > deadline) break;
    await wait(Math.min(Math.max(info.check_after_secs ?? 1, 1), 30) * 1_000, undefined, { signal });
    const query = { command: "STATUS", media_id: id };
    state = await client.request({ method: "GET", path: "media/upload", query, signal }, MediaState);
  }
  throw new Failure({
    kind: "retryable",
    code: "platform-timeout",
    detail: "X did not finish processing an attachment in time.",
  });
}

function refusal(code: string, detail: string): Failure {
  return new Failure({ kind: "permanent", code, detail });
}
