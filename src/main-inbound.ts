import type { Router } from "express";
import { inboundRoutes } from "../routes/inbound.ts";
import type { PlatformNames } from "../routes/platform-names.ts";
import type { AdmitOne } from "../routes/pressure.ts";
import type { Config } from "./config.ts";
import { arrivals } from "./delivery/arrivals.ts";
import { traces } from "./events/traces.ts";
import type { Doors } from "./inbound/doors.ts";
import { keys } from "./keys.ts";
import type { Store } from "./main-store.ts";
import { redisTopics } from "./polls/topics.ts";
import type { RedisClient } from "./redis/connect.ts";

export interface InboundDeps {
  readonly config: Config;
  readonly store: Store;
  readonly redis: RedisClient;
  readonly doors: Doors;
  readonly names: PlatformNames;
  readonly admit: AdmitOne;
}

/** Where networks push to, as part of the API role; what they are told was stored is as durable as an accepted activity. */
export function inbound({ config: { eventsKept }, store, redis, doors, names, admit }: InboundDeps): Router {
  const arrive = arrivals({ redis, eventsKept });
  const report = traces({ redis, eventsKept });
  const { durably } = store.barrier;
  return inboundRoutes({
    doors,
    platforms: names,
    arrive: (app, arrival) => durably(keys.tagOf(app), () => arrive(app, arrival)),
    topics: redisTopics({ redis }),
    report: (app, said) => durably(keys.tagOf(app), () => report(app, said)),
    admit,
  });
}
