import { optional } from "../../../model/optional.ts";
import type { Person } from "../../../platform/vocabulary/entities.ts";
import { recordOf } from "../errors.ts";

/** Reads a User or a private Chat of the Bot API as a person. Undefined where the value has no id. */
export function personOf(value: unknown): Person | undefined {
  const { id, first_name, last_name, username } = recordOf(value);
  if (!Number.isSafeInteger(id)) return undefined;
  const name = [first_name, last_name].filter((part) => typeof part === "string" && part !== "").join(" ");
  return {
    address: String(id),
    ...optional("name", name === "" ? undefined : name.slice(0, 256)),
    ...optional("id", typeof username === "string" ? `@${username.slice(0, 64)}` : undefined),
  };
}
