import { optional } from "../../../model/optional.ts";
import type { Person } from "../../../platform/vocabulary/vocabulary.ts";
import type { XUser } from "../client/response-schemas.ts";

/** Converts a user of X to a person of the vocabulary. */
export function personIn(user: XUser): Person {
  const { id, username, name, description, profile_image_url: image } = user;
  return {
    type: "person",
    address: username === undefined ? id : `@${username}`,
    id,
    ...optional("name", name?.slice(0, 256)),
    url: `https://x.com/${username ?? `i/user/${id}`}`,
    ...optional("summary", description?.slice(0, 4_096)),
    ...optional("image", image !== undefined && /^https?:\/\//.test(image) ? image : undefined),
  };
}
