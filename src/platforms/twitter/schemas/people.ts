import Type from "typebox";
import { PERSON_PATTERN } from "./address.ts";
import { address, STRICT, targets, verbSchema } from "./common.ts";

/** Schema of `follow` and `unfollow`. */
export const FollowSchema = verbSchema(
  targets(address(PERSON_PATTERN, "A name such as @alice, or an id."), 20),
  Type.Object({ type: Type.Optional(Type.Literal("person")) }, STRICT),
);
