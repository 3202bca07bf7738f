import { type Attachment, MAX_ATTACHMENT_BYTES } from "../model/activity.ts";
import { Failure } from "../model/failure.ts";
import { optional } from "../model/optional.ts";
import type { Blob, Egress } from "../platform/platform.ts";

/** Loads an activity's attachments in order, from the store or through the egress guard. */
export async function loadBlobs(
  attachments: readonly Attachment[],
  stored: ReadonlyMap<string, Buffer>,
  egress: Egress,
): Promise<Blob[]> {
  let bytesLeft = MAX_ATTACHMENT_BYTES;
  const blobs: Blob[] = [];
  for (const [index, attachment] of attachments.entries()) {
    const content = stored.get(String(index)) ?? (await download(attachment, egress, bytesLeft));
    bytesLeft -= content.length;
    if (bytesLeft < 0) throw tooLarge();
    const { name, mediaType, id } = attachment;
    blobs.push({ name, content, ...optional("mediaType", mediaType), ...optional("id", id) });
  }
  return blobs;
}

async function download(attachment: Attachment, egress: Egress, maxBytes: number): Promise<Buffer> {
  if (attachment.url === undefined)
    throw new Failure({
      kind: "permanent",
      code: "content-refused",
      detail: "The attachment's content is no longer stored; send it again.",
    });
  const { status, body } = await egress.fetch(attachment.url, { maxBytes: Math.max(1, maxBytes) });
  if (status === 200) return body;
  const isFinal = status >= 400 && status < 500 && status !== 429;
  throw new Failure({
    kind: isFinal ? "permanent" : "retryable",
    code: isFinal ? "content-refused" : "platform-unavailable",
    detail: "An attachment's address did not answer with 200.",
    platformCode: `HTTP ${status}`,
  });
}

function tooLarge(): Failure {
  return new Failure({
    kind: "permanent",
    code: "content-too-large",
    detail: "The attachments together exceed 10 MiB.",
  });
}
