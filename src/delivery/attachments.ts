import type { Attachment } from "../model/activity.ts";
import { Failure } from "../model/failure.ts";
import type { Blob, Egress } from "../platform/platform.ts";

/** What all attachments of an activity may weigh together, decoded. */
export const ATTACHMENTS_MOST = 10 * 1024 * 1024;

/** The bytes of an activity's attachments, in order: stored ones by index, `url` ones fetched through the guard. */
export async function loadBlobs(
  attachments: readonly Attachment[],
  stored: ReadonlyMap<string, Buffer>,
  egress: Egress,
): Promise<Blob[]> {
  let room = ATTACHMENTS_MOST;
  const blobs: Blob[] = [];
  for (const [index, attachment] of attachments.entries()) {
    const content = stored.get(String(index)) ?? (await fetched(attachment, egress, room));
    room -= content.length;
    if (room < 0) throw tooLarge();
    blobs.push({
      name: attachment.name,
      content,
      ...(attachment.mediaType === undefined ? {} : { mediaType: attachment.mediaType }),
      ...(attachment.id === undefined ? {} : { id: attachment.id }),
    });
  }
  return blobs;
}

async function fetched(attachment: Attachment, egress: Egress, room: number): Promise<Buffer> {
  if (attachment.url === undefined)
    throw new Failure({
      kind: "permanent",
      code: "content-refused",
      detail: "The attachment's content is no longer stored; send it again.",
    });
  const answer = await egress.fetch(attachment.url, { maxBytes: Math.max(1, room) });
  if (answer.status === 200) return answer.body;
  const gone = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
  throw new Failure({
    kind: gone ? "permanent" : "retryable",
    code: gone ? "content-refused" : "platform-unavailable",
    detail: "An attachment's address did not answer with 200.",
    platformCode: `HTTP ${answer.status}`,
  });
}

function tooLarge(): Failure {
  return new Failure({
    kind: "permanent",
    code: "content-too-large",
    detail: "The attachments weigh more than 10 MiB together.",
  });
}
