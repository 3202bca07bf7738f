import { optional } from "../../../model/optional.ts";
import { attachmentsOf } from "../inbound/attachments.ts";
import type { Item } from "../inbound/item.ts";
import { idOf, type JsonRecord, recordOf, recordsIn, textOf } from "../inbound/json.ts";

const POST_FIELDS = "id,message,created_time,from,permalink_url,attachments{media_type,url,title}";
const COMMENT_FIELDS = "id,message,created_time,from,parent{id},attachment{media,type,url,title}";
const MESSAGE_FIELDS = "id,message,created_time,from,attachments{name,mime_type,size,file_url,image_data,video_data}";

/** A list of the Graph API, with the conversion of its entries. */
export interface Source {
  readonly path: string;
  readonly fields: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly itemsOf: (entry: JsonRecord) => readonly Item[];
}

/** Returns the list of a target: `feed`, `conversations`, `t_…` or a post's id. */
export function sourceOf(page: string, address: string, limit: number): Source {
  if (address === "feed") {
    return { path: `${page}/feed`, fields: POST_FIELDS, itemsOf: (entry) => itemOf(entry, page, "post", undefined) };
  }
  if (address === "conversations") {
    const fields = `id,updated_time,messages.limit(${limit}){${MESSAGE_FIELDS}}`;
    const itemsOf = ({ id, messages }: JsonRecord) =>
      recordsIn(recordOf(messages).data, limit).flatMap((entry) => itemOf(entry, page, "send", directContext(id)));
    return { path: `${page}/conversations`, fields, query: { platform: "messenger" }, itemsOf };
  }
  if (address.startsWith("t_")) {
    const itemsOf = (entry: JsonRecord) => itemOf(entry, page, "send", directContext(address));
    return { path: `${address}/messages`, fields: MESSAGE_FIELDS, itemsOf };
  }
  const context = { type: "thread", id: address };
  const itemsOf = (entry: JsonRecord) => itemOf(entry, page, "post", context, address);
  return { path: `${address}/comments`, fields: COMMENT_FIELDS, itemsOf };
}

function directContext(id: unknown): Item["context"] {
  const conversation = idOf(id);
  return conversation === undefined ? undefined : { type: "direct", id: conversation };
}

/** Converts an entry; a comment on `post` answers its parent comment or else the post. */
function itemOf(
  entry: JsonRecord,
  page: string,
  verb: string,
  context: Item["context"],
  post?: string,
): readonly Item[] {
  const id = idOf(entry.id);
  const published = Date.parse(String(entry.created_time ?? "").replace(/([+-]\d{2})(\d{2})$/, "$1:$2"));
  if (id === undefined || Number.isNaN(published)) return [];
  const from = recordOf(entry.from);
  const author = idOf(from.id) ?? "unknown";
  const attachments = entry.attachment === undefined ? recordOf(entry.attachments).data : [entry.attachment];
  return [
    {
      verb,
      actor: { address: author, ...optional("name", textOf(from.name, 256)) },
      object: {
        type: "message",
        id,
        ...optional("body", textOf(entry.message)),
        ...optional("url", textOf(entry.permalink_url, 2_048)),
        ...optional("inReplyTo", idOf(recordOf(entry.parent).id) ?? post),
        ...optional("attachments", attachmentsOf(attachments)),
      },
      ...optional("context", context),
      id,
      published: new Date(published).toISOString(),
      self: author === page,
    },
  ];
}
