import { type Owner, OwnershipLost } from "../accounts/account-ownership.ts";
import type { ActivityEvent } from "../model/event.ts";
import type { InboundEvent } from "../platform/platform.ts";
import type { RedisClient } from "../redis/connect.ts";
import { epochGenerator } from "../redis/epoch-generator.ts";
import { keys } from "../redis/keys.ts";
import { luaScript, oneOf } from "../redis/script-loader.ts";
import { scriptRunner } from "../redis/script-runner.ts";

export interface InboundRecorderDeps {
  readonly redis: RedisClient;
  readonly eventsKept: number;
}

/**
 * Appends a received event to the app's event log, once per key.
 * Acknowledge to the network only after this resolves. With an `owner`, throws `OwnershipLost` as soon as another worker
 * owns the account.
 */
export type RecordInbound = (app: string, inbound: InboundEvent, owner?: Owner) => Promise<"new" | "seen">;

/** Keys remembered per account. */
const MAX_MARKS = 10_000;
const MARK_SECONDS = 7 * 86_400;

const RECORD = luaScript(new URL("./scripts/record-inbound.lua", import.meta.url), {
  keys: ["seen", "log", "epoch", "account", "connectionState"],
  args: ["eventKey", "event", "fence", "maxMarks", "markSeconds", "nextEpoch", "eventsKept", "state..."],
  reply: oneOf("new", "seen", "taken"),
});

/** Makes the recorder that connections, polls and inbound webhooks share. */
export function inboundRecorder({ redis, eventsKept }: InboundRecorderDeps): RecordInbound {
  const run = scriptRunner(redis, { record: RECORD });
  const nextEpoch = epochGenerator();
  return async (app, { key, event, state }, owner) => {
    const address = event.target[0]?.address.toLowerCase() ?? "";
    const received: ActivityEvent = { type: "activity", ...event, received: new Date().toISOString() };
    const id = owner?.id ?? "";
    const outcome = await run.record({
      keys: {
        seen: keys.seen(app, event.platform, address),
        log: keys.log(app),
        epoch: keys.epoch(app),
        account: keys.account(app, id),
        connectionState: keys.connectionState(app, id),
      },
      args: {
        eventKey: key,
        event: JSON.stringify(received),
        fence: owner?.fence ?? "",
        maxMarks: MAX_MARKS,
        markSeconds: MARK_SECONDS,
        nextEpoch: nextEpoch(),
        eventsKept,
        state: state && owner ? [state.name, state.value] : [],
      },
    });
    if (outcome === "taken") throw new OwnershipLost();
    return outcome;
  };
}
