import { optional } from "../../../model/optional.ts";
import type { ActivityOf, Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Collection, ListedAttachment, Person, Room } from "../../../platform/vocabulary/entities.ts";
import type { Client } from "../client/client.ts";
import { recordOf } from "../errors.ts";
import { personOf } from "../inbound/person.ts";
import type { FetchSchema, QuerySchema } from "../schemas/reading.ts";

const ROLES: Readonly<Record<string, Person["role"]>> = { creator: "owner", administrator: "admin" };

/** Queries the administrators of a group, or facts about a chat or person. */
export async function query(
  client: Client,
  { target, object }: ActivityOf<typeof QuerySchema>,
  { signal }: VerbContext,
): Promise<Receipt> {
  const address = target[0]?.address ?? "";
  const ask = (method: string) =>
    client.request({ method, parameters: { chat_id: address }, signal, isIdempotent: true });
  const answer = object.type === "members" ? await members(ask) : await chat(ask, object.type, address);
  return { outcomes: [{ address, status: "sent" }], object: { ...answer } };
}

async function members(ask: (method: string) => Promise<unknown>): Promise<Collection<Person>> {
  const administrators = await ask("getChatAdministrators");
  const total = await ask("getChatMemberCount");
  const items = (Array.isArray(administrators) ? administrators : []).slice(0, 200).flatMap((member: unknown) => {
    const { user, status } = recordOf(member);
    const person = personOf(user);
    return person ? [{ ...person, ...optional("role", ROLES[String(status)]) }] : [];
  });
  return { type: "collection", items, ...optional("total", Number.isSafeInteger(total) ? Number(total) : undefined) };
}

async function chat(
  ask: (method: string) => Promise<unknown>,
  type: "person" | "room",
  address: string,
): Promise<Collection<Person | Room>> {
  const facts = recordOf(await ask("getChat"));
  const id = facts.id === undefined ? address : String(facts.id);
  const text = (value: unknown, max: number) => (typeof value === "string" ? value.slice(0, max) : undefined);
  if (type === "person") {
    const person = personOf(facts) ?? { address: id };
    return { type: "collection", items: [{ ...person, ...optional("summary", text(facts.bio, 4_096)) }] };
  }
  const name = optional("name", text(facts.title, 256));
  const topic = optional("topic", text(facts.description, 4_096));
  return { type: "collection", items: [{ type: "room", address: id, ...name, ...topic }] };
}

/** Downloads an attachment that arrived, by its id. At most 20 MB, the Bot API's limit. */
export async function fetch(
  client: Client,
  { object }: ActivityOf<typeof FetchSchema>,
  { signal }: VerbContext,
): Promise<Receipt> {
  const [id = ""] = object.attachments;
  const file = recordOf(
    await client.request({ method: "getFile", parameters: { file_id: id }, signal, isIdempotent: true }),
  );
  const path = typeof file.file_path === "string" ? file.file_path : "";
  const bytes = await client.download(path, signal);
  const name = path.split("/").at(-1);
  const attachment: ListedAttachment = {
    ...optional("name", name),
    size: bytes.length,
    id,
    content: bytes.toString("base64"),
  };
  return { outcomes: [], object: { type: "message", attachments: [attachment] } };
}
