import type { OpenAPIV3_1 } from "openapi-types";
import type { Paths } from "./operation.ts";
import { accountPaths } from "./paths/accounts.ts";
import { activityPaths } from "./paths/activities.ts";
import { adminPaths } from "./paths/admin.ts";
import { consentPaths } from "./paths/consents.ts";
import { deadLetterPaths } from "./paths/dead-letters.ts";
import { eventPaths } from "./paths/events.ts";
import { hookPaths } from "./paths/hooks.ts";
import { inboundPaths } from "./paths/inbound.ts";
import { operatingPaths } from "./paths/operating.ts";
import { platformPaths } from "./paths/platforms.ts";
import { suppressionPaths } from "./paths/suppressions.ts";
import { tokenPaths } from "./paths/tokens.ts";
import type { SchemaSerializer } from "./plain.ts";

/** Every path below the base path; `examples` are bodies of `POST /activities`. */
export function paths(
  serializer: SchemaSerializer,
  examples: Readonly<Record<string, OpenAPIV3_1.ExampleObject>>,
): Paths {
  return {
    ...activityPaths(serializer, examples),
    ...eventPaths(serializer),
    ...deadLetterPaths(serializer),
    ...suppressionPaths(serializer),
    ...accountPaths(serializer),
    ...consentPaths(serializer),
    ...inboundPaths(serializer),
    ...hookPaths(serializer),
    ...tokenPaths(serializer),
    ...platformPaths(serializer),
    ...adminPaths(serializer),
    ...operatingPaths(serializer),
  };
}
