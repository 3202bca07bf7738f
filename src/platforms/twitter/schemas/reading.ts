import Type from "typebox";
import { WHITE_SPACE } from "../../../model/pattern-classes.ts";
import { CONVERSATION_PATTERN } from "./address.ts";
import { address, anyOfPatterns, STRICT, targets, verbSchema } from "./common.ts";

const QUERY_PATTERN = ` *[^\\u0000-\\u001f\\u007f${WHITE_SPACE}][^\\u0000-\\u001f\\u007f]*`;
/** Cursor of older items: an id, for messages also X's own token. */
export const AFTER_PATTERN = "^older:[0-9]{1,19}(:[A-Za-z0-9_=-]{1,300})?$";
export const BEFORE_PATTERN = "^newer:[0-9]{1,19}$";

const limit = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 100, description: "Items of each target; default 10." }),
);
const after = Type.Optional(
  Type.String({ pattern: AFTER_PATTERN, description: "`next` of a page: continues with older items." }),
);

const FetchObject = Type.Object(
  {
    limit,
    after,
    before: Type.Optional(
      Type.String({ pattern: BEFORE_PATTERN, description: "`previous` of a page: only newer items." }),
    ),
  },
  STRICT,
);
const SOURCES =
  "`home`, `mentions`, `messages`; `@alice`: her posts; `messages:@alice` or `conversation:ID`: a conversation of messages; `thread:ID`: a conversation of posts.";

/** Schema of `fetch`. */
export const FetchSchema = verbSchema(
  targets(
    address(
      anyOfPatterns(
        "^(home|mentions|messages|@[A-Za-z0-9_]{1,15}|[0-9]{1,19}|thread:[0-9]{1,19})$",
        "^messages:(@[A-Za-z0-9_]{1,15}|[0-9]{1,19})$",
        CONVERSATION_PATTERN,
      ),
      SOURCES,
    ),
    10,
  ),
  FetchObject,
);

const SearchObject = Type.Object(
  {
    type: Type.Optional(Type.Enum(["post", "person"], { description: "Kind of results; default post." })),
    limit,
    after: Type.Optional({ ...after, description: "Of posts: `next` of a page; continues with older ones." }),
  },
  STRICT,
);

/** Schema of `search`. */
export const SearchSchema = verbSchema(
  targets(address(`^${QUERY_PATTERN}$`, "A query in X's syntax.", 512), 10),
  SearchObject,
);

const QueryObject = Type.Object(
  {
    type: Type.Enum(["person", "limits"], {
      description: "`person`: the targets, or the account itself; `limits`: the account's rate limits at X.",
    }),
  },
  STRICT,
);

/** Schema of `query`. */
export const QuerySchema = verbSchema(
  Type.Array(
    address(
      "^(@[A-Za-z0-9_]{1,15}|[0-9]{1,19})$",
      "A name with @, or an id; without a target the account itself, by `object.type`.",
    ),
    {
      maxItems: 10,
    },
  ),
  QueryObject,
);

/** Schema of `subscribe` and `unsubscribe`. */
export const SubscribeSchema = verbSchema(
  targets(
    address(
      `^(mentions|messages|search:${QUERY_PATTERN})$`,
      "`mentions`, `messages`, or `search:` with a query in X's syntax.",
      512,
    ),
    10,
  ),
  Type.Object({}, STRICT),
);
