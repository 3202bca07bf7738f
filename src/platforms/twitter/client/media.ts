import { setTimeout as wait } from "node:timers/promises";
import type { Activity, Attachment } from "../../../model/activity.ts";
import { Failure } from "../../../model/failure.ts";
import type { Blob, ValidationIssue, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "./client.ts";
import { Anything, MediaState } from "./response-schemas.ts";

type Kind = "image" | "gif" | "video";
interface Type {
  readonly kind: Kind;
  /** Whether a file's first bytes are of this type. */
  readonly is: (bytes: Buffer) => boolean;
}

const at = (bytes: Buffer, from: number, text: string): boolean =>
  bytes.toString("latin1", from, from + text.length) === text;
/** What X takes of what an activity can carry. */
const TYPES: Readonly<Record<string, Type>> = {
  "image/jpeg": { kind: "image", is: (bytes) => at(bytes, 0, "\u00ff\u00d8\u00ff") },
  "image/png": { kind: "image", is: (bytes) => at(bytes, 0, "\u0089PNG\r\n\u001a\n") },
  "image/webp": { kind: "image", is: (bytes) => at(bytes, 0, "RIFF") && at(bytes, 8, "WEBP") },
  "image/gif": { kind: "gif", is: (bytes) => at(bytes, 0, "GIF8") },
  "video/mp4": { kind: "video", is: (bytes) => at(bytes, 4, "ftyp") && !at(bytes, 8, "qt  ") },
  "video/quicktime": { kind: "video", is: (bytes) => at(bytes, 4, "ftypqt  ") },
};
const TAKEN = "image/jpeg, image/png, image/webp, image/gif, video/mp4, video/quicktime";
/** Pictures may weigh 5 MB at X; GIFs and videos more than an activity can carry. */
const IMAGE_BYTES = 5_000_000;
/** A post takes four pictures, or one GIF, or one video; a message takes one of any. */
const MOST = { post: 4, send: 1 } as const;
const CHUNK_BYTES = 1024 * 1024;
/** How long X may work on a video. */
const PROCESSING_MS = 100_000;

/** Refuses attachments whose number, declared type or size X never takes, before anything is stored. */
export function mediaUnfit(verb: string, { object }: Pick<Activity, "object">): ValidationIssue | undefined {
  const attachments = (object.attachments ?? []) as readonly Attachment[];
  const most = verb === "send" ? MOST.send : MOST.post;
  if (attachments.length > most) return unfit("", `takes at most ${most} of them here`);
  for (const [index, attachment] of attachments.entries()) {
    const found = attachmentUnfit(attachment, attachments.length > 1);
    if (found) return unfit(`/${index}${found[0]}`, found[1]);
  }
  return undefined;
}

function attachmentUnfit(
  { mediaType, content = "" }: Attachment,
  hasOthers: boolean,
): readonly [where: string, detail: string] | undefined {
  if (mediaType === undefined) return undefined;
  const type = typeNamed(mediaType);
  if (!type) return ["/mediaType", `must be one of ${TAKEN}`];
  const bytes = Math.floor((content.length * 3) / 4);
  if (type.kind === "image" && bytes > IMAGE_BYTES + 4) return ["/content", "is a picture above 5 MB"];
  if (type.kind === "image" || !hasOthers) return undefined;
  return ["", "must be alone: a GIF or a video takes no others beside it"];
}

function unfit(where: string, detail: string): ValidationIssue {
  return { code: "validation-failed", detail, pointer: `/object/attachments${where}` };
}

const typeNamed = (name: string): Type | undefined =>
  Object.hasOwn(TYPES, name.toLowerCase()) ? TYPES[name.toLowerCase()] : undefined;

/** Uploads the activity's attachments in chunks and gives their ids at X. Nobody sees them before a post names them. */
export async function uploaded(
  client: Client,
  { verb, object }: Activity,
  context: Pick<VerbContext, "attachments" | "signal">,
): Promise<readonly string[]> {
  if (!Array.isArray(object.attachments) || object.attachments.length === 0) return [];
  const files = (await context.attachments()).map((blob) => ({ blob, ...recognised(blob) }));
  if (files.length > 1 && files.some(({ kind }) => kind !== "image")) {
    throw refused("content-refused", "A GIF or a video must be the only attachment of a post.");
  }
  const ids: string[] = [];
  for (const file of files) ids.push(await upload(client, file, verb === "send" ? "dm" : "tweet", context.signal));
  return ids;
}

interface File {
  readonly blob: Blob;
  readonly mediaType: string;
  readonly kind: Kind;
}

/** What the bytes themselves say they are: X looks at them too, but only after the upload. */
function recognised({ content }: Blob): Omit<File, "blob"> {
  const found = Object.entries(TYPES).find(([, { is }]) => is(content));
  if (!found) throw refused("content-refused", `An attachment is no picture or video that X takes: ${TAKEN}.`);
  const [mediaType, { kind }] = found;
  if (kind === "image" && content.length > IMAGE_BYTES) {
    throw refused("content-too-large", "An attachment is a picture above the 5 MB that X takes.");
  }
  return { mediaType, kind };
}

async function upload(client: Client, file: File, use: "dm" | "tweet", signal: AbortSignal): Promise<string> {
  const { content } = file.blob;
  const path = "media/upload/:id";
  const more = { method: "POST", signal, repeatable: true } as const;
  const body = { media_type: file.mediaType, total_bytes: content.length, media_category: `${use}_${file.kind}` };
  const { data } = await client.ask({ ...more, path: "media/upload/initialize", body }, MediaState);
  const params = { id: data.id };
  for (let index = 0; index * CHUNK_BYTES < content.length; index++) {
    const media = content.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
    const body = { segment_index: index, media };
    await client.ask({ ...more, path: `${path}/append`, params, body, form: true }, Anything);
  }
  let state = await client.ask({ ...more, path: `${path}/finalize`, params }, MediaState);
  const until = Date.now() + PROCESSING_MS;
  for (;;) {
    const info = state.data.processing_info;
    if (!info || info.state === "succeeded") return data.id;
    if (info.state === "failed") throw refused("content-refused", "X can't make anything of an attachment.");
    if (Date.now() > until) break;
    await wait(Math.min(Math.max(info.check_after_secs ?? 1, 1), 30) * 1_000, undefined, { signal });
    const query = { command: "STATUS", media_id: data.id };
    state = await client.ask({ method: "GET", path: "media/upload", query, signal }, MediaState);
  }
  throw new Failure({
    kind: "retryable",
    code: "platform-timeout",
    detail: "X did not finish its work on an attachment in time.",
  });
}

function refused(code: string, detail: string): Failure {
  return new Failure({ kind: "permanent", code, detail });
}
