import { definePlatform, defineVerb, type Platform } from "../../platform/platform.ts";
import { classifyError } from "./errors.ts";
import { SEARCH_EXAMPLE, SEARCH_RENAMED, SearchSchema } from "./schemas/search.ts";
import { validate } from "./validate.ts";
import { search } from "./verbs/search.ts";

/** WebFinger (RFC 7033): looks up the person behind an address at the address's host. Needs no account. */
export function webfinger(): Platform {
  return definePlatform({
    id: "webfinger",
    title: "WebFinger",
    needsAccount: false,
    lifetimeSeconds: 86_400,
    verbs: {
      search: defineVerb({
        summary: "Looks addresses up at their own hosts and returns persons",
        schema: SearchSchema,
        example: SEARCH_EXAMPLE,
        renamed: SEARCH_RENAMED,
        run: (_client, activity, context) => search(activity, context),
      }),
    },
    validate,
    classifyError,
  });
}
