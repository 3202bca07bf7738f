import Type from "typebox";
import { WHITE_SPACE } from "../../../model/pattern-classes.ts";
import { address, ID_PATTERN, Page, STRICT, targets, verbSchema } from "./common.ts";

const limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 100, description: "Items of each target; default 10." }),
);

/** Schema of `fetch`. */
export const FetchSchema = verbSchema(
  Page,
  targets(
    address(
      "^(feed|conversations|t_[0-9A-Za-z_-]{1,64}|[0-9]{1,32}_[0-9]{1,32})$",
      "`feed`: the Page's posts; `conversations`: the newest messages; `t_…`: one conversation; a post's id: its comments.",
    ),
    10,
  ),
  Type.Object(
    {
      limit,
      after: Type.Optional(
        Type.String({
          minLength: 1,
          maxLength: 1_024,
          pattern: "^[\\u0021-\\u007e]+$",
          description: "`next` of the previous page.",
        }),
      ),
    },
    STRICT,
  ),
);

/** Schema of `search`. */
export const SearchSchema = verbSchema(
  Page,
  targets(
    address(`^ *[^\\u0000-\\u001f\\u007f${WHITE_SPACE}][^\\u0000-\\u001f\\u007f]*$`, "A query for Pages.", 256),
    10,
  ),
  Type.Object({ type: Type.Optional(Type.Literal("person")), limit }, STRICT),
);

/** Schema of `query`. */
export const QuerySchema = verbSchema(
  Page,
  Type.Array(address(ID_PATTERN, "A PSID or a Page's id; without a target the Page itself, by `object.type`."), {
    maxItems: 10,
  }),
  Type.Object(
    {
      type: Type.Enum(["person", "limits"], {
        description: "`person`: the targets, or the Page itself; `limits`: the Page's usage of its calls.",
      }),
    },
    STRICT,
  ),
);

/** Schema of `subscribe` and `unsubscribe`. */
export const SubscribeSchema = verbSchema(
  Page,
  targets(
    address("^(messages|feed)$", "`messages` with echoes, receipts and reactions; `feed`: posts, comments, likes."),
    2,
  ),
  Type.Object({}, STRICT),
);
