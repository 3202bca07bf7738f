import type { DsnRequest } from "../model/dsn-request.ts";
import type { RedisClient } from "../redis/connect.ts";
import { keys } from "../redis/keys.ts";
import { memberOf, readMember } from "./outbox-keys.ts";

/** Ended activity about whose outcome a mail's sender is to be notified. */
export interface PendingDsn {
  readonly app: string;
  readonly rid: string;
  readonly request: DsnRequest;
}

/** Notifications that are due. The scripts that write a result add them. */
export interface PendingDsns {
  /** Lists up to `limit` notifications of a tag, in random order. So none that can't be sent holds up others. */
  readonly list: (tag: string, limit: number) => Promise<readonly PendingDsn[]>;
  readonly remove: (pending: Pick<PendingDsn, "app" | "rid">) => Promise<void>;
}

/** Makes the list in Redis: a hash per tag, from `<app>|<rid>` to the request. */
export function redisPendingDsns({ redis }: { readonly redis: RedisClient }): PendingDsns {
  return {
    async list(tag, limit) {
      const flat = (await redis.hrandfield(keys.dsns(tag), limit, "WITHVALUES")) as string[];
      return flat.flatMap((member, index) =>
        index % 2 === 0 ? [{ ...readMember(member), request: JSON.parse(flat[index + 1] ?? "") as DsnRequest }] : [],
      );
    },
    async remove({ app, rid }) {
      await redis.hdel(keys.dsns(keys.tagOf(app)), memberOf(app, rid));
    },
  };
}
