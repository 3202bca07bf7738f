import { optional } from "../../../model/optional.ts";
import { recordOf } from "../errors.ts";
import { personOf } from "./person.ts";
import type { UpdateEvent } from "./updates.ts";

type Fields = Readonly<Record<string, unknown>>;
const PRESENT = new Set(["member", "administrator", "creator"]);

/** Returns who came and went. By service messages for others, by `my_chat_member` for the bot itself. */
export function memberEvents(content: Fields): readonly UpdateEvent[] {
  if (content.new_chat_member !== undefined && content.old_chat_member !== undefined) return ownChange(content);
  const joined = (Array.isArray(content.new_chat_members) ? content.new_chat_members : [])
    .filter((member: unknown) => recordOf(member).is_bot !== true)
    .flatMap((member: unknown) => {
      const actor = personOf(member);
      return actor ? [{ verb: "join", actor, object: { type: "room" } }] : [];
    });
  return [...joined, ...departure(content), ...titleChange(content), ...migration(content)];
}

function departure({ left_chat_member: left, from }: Fields): UpdateEvent[] {
  const actor = personOf(left);
  if (!actor) return [];
  const by = personOf(from);
  const isKick = by !== undefined && by.address !== actor.address;
  return [
    { verb: "leave", actor, object: { type: "room", cause: isKick ? "kicked" : "left", ...(isKick ? { by } : {}) } },
  ];
}

function titleChange({ new_chat_title: title }: Fields): UpdateEvent[] {
  return typeof title === "string" ? [{ verb: "update", object: { type: "room", name: title.slice(0, 256) } }] : [];
}

/** Returns the new address of a group that has become a supergroup. */
function migration({ migrate_to_chat_id: id }: Fields): UpdateEvent[] {
  return Number.isSafeInteger(id) ? [{ verb: "update", object: { type: "room", address: String(id) } }] : [];
}

function ownChange({ new_chat_member, old_chat_member, from }: Fields): UpdateEvent[] {
  const { status, user } = recordOf(new_chat_member);
  const isIn = PRESENT.has(String(status));
  const wasIn = PRESENT.has(String(recordOf(old_chat_member).status));
  const actor = personOf(user);
  if (isIn === wasIn || !actor) return [];
  const by = personOf(from);
  if (isIn) return [{ verb: "join", actor, self: true, object: { type: "room", ...optional("by", by) } }];
  const cause = status === "kicked" ? "banned" : by?.address === actor.address ? "left" : "kicked";
  return [
    {
      verb: "leave",
      actor,
      self: true,
      object: { type: "room", cause, ...(cause === "left" ? {} : optional("by", by)) },
    },
  ];
}
