import { addressCheck } from "../egress/address-rules.ts";
import { attachmentErrors } from "../intake/attachment-hosts.ts";
import { type FindPlatform, type ParsedActivity, parseActivity } from "../intake/parse-activity.ts";
import { accountId } from "../model/account-id.ts";
import type { Activity } from "../model/activity.ts";
import { type Caller, covers, tokenUserOf } from "../model/caller.ts";
import type { DsnRequest } from "../model/dsn-request.ts";
import { laneOf } from "../model/lane.ts";
import type { Log } from "../model/log.ts";
import { newId } from "../model/new-id.ts";
import { optional } from "../model/optional.ts";
import { invalidInput, Refusal } from "../model/refusal.ts";
import { shardOf } from "../model/shard.ts";
import type { ActivityStatus } from "../outbox/activity-status.ts";
import type { LaneQueues } from "../outbox/lane-queues.ts";
import type { AcceptResult, Outbox, Wake } from "../outbox/outbox.ts";
import { needsConnection, type Platform } from "../platform/platform.ts";
import type { Admit } from "./admission.ts";

/** The answer to an accepted activity, on REST and WebSocket alike. */
export interface Confirm {
  readonly type: "confirm";
  readonly verb: "confirm";
  readonly rid: string | number;
  readonly id: string;
  readonly status: ActivityStatus;
  readonly href: string;
  /** True when the app gave no rid and the gateway generated one. */
  readonly ridGenerated?: true;
}

/** An accepted activity. `replayed`: this rid was accepted before, and `confirm` is the stored answer. */
export interface SubmitResult {
  readonly confirm: Confirm;
  readonly replayed: boolean;
}

export interface SubmitDeps {
  readonly outbox: Pick<Outbox, "accept">;
  readonly lanes: Pick<LaneQueues, "wake">;
  readonly find: FindPlatform;
  readonly basePath: string;
  readonly log: Log;
  readonly admit: Admit;
  /** Whether users' input may lead to this IP address. Default: to public ones. */
  readonly mayReach?: (address: string) => boolean;
  readonly onAccepted?: (platform: string, seconds: number) => void;
}

/**
 * Accepts one activity. `key` is the `Idempotency-Key`, the rid where the body has none; `dsn` is kept with a new activity.
 * Throws `Refusal` for input that is not taken, and Redis' error when the store is unavailable: then the same rid may come
 * again.
 */
export type SubmitActivity = (caller: Caller, posted: unknown, key?: string, dsn?: DsnRequest) => Promise<SubmitResult>;

/** Makes the submit operation: parses, checks the caller's rights, stores atomically, wakes the lane. */
export function submitActivity(deps: SubmitDeps): SubmitActivity {
  const { outbox, lanes, find, log, admit, mayReach = addressCheck([]), onAccepted } = deps;

  async function accept(
    caller: Caller,
    parsed: ParsedActivity,
    key: string | undefined,
    dsn: DsnRequest | undefined,
  ): Promise<SubmitResult> {
    const sentRid = parsed.rid ?? key;
    const id = newId();
    const activity: Activity = { id, rid: String(sentRid ?? id), ...parsed.activity };
    const answer = await outbox.accept({
      app: caller.app,
      activity,
      lane: laneOf(caller.app, activity, shardFor(caller.app, parsed.platform, activity)),
      ridAsSent: sentRid ?? id,
      fingerprint: parsed.fingerprint,
      lifetimeMs: parsed.lifetimeMs,
      blobs: parsed.blobs,
      ...optional("tokenUser", tokenUserOf(caller)),
      ...optional("dsn", dsn),
      ...(parsed.dueAt === undefined ? {} : { dueAt: parsed.dueAt }),
      ...(parsed.platform.needsAccount ? { needsAccount: accountId(parsed.platform.id, activity.actor.address) } : {}),
    });
    if ("wake" in answer && answer.wake) wake(answer.wake);
    return { confirm: confirmOf(answer, activity, sentRid, deps.basePath), replayed: answer.outcome === "replayed" };
  }

  /** Wakes the lane without waiting. The 202 depends on the stored activity alone; the sweep repeats lost wakes. */
  function wake(lane: Wake): void {
    lanes.wake(lane).catch((err: unknown) => log.warn({ err }, "waking a lane failed; the sweep repeats it"));
  }

  return async (caller, posted, key, dsn) => {
    const started = performance.now();
    await admit(caller.app, tokenUserOf(caller));
    const parsed = await parseActivity(find, posted, Date.now());
    if (!covers(caller.limits, parsed.activity)) {
      throw new Refusal("forbidden", "The token does not cover this actor, platform or verb.");
    }
    if (parsed.activity.options?.suppressions === "ignore" && caller.via !== "key") {
      throw new Refusal("forbidden", "`options.suppressions: ignore` needs the app's API key.", undefined, {
        rid: parsed.rid,
      });
    }
    const errors = attachmentErrors(parsed.activity, mayReach);
    if (errors.length > 0) {
      const refusal = invalidInput(errors);
      refusal.rid = parsed.rid;
      throw refusal;
    }
    const result = await accept(caller, parsed, key, dsn);
    if (!result.replayed) onAccepted?.(parsed.platform.id, (performance.now() - started) / 1_000);
    return result;
  };
}

/** Shard of the account, where the verb needs the account's connection. */
function shardFor(app: string, platform: Platform, { verb, actor }: Activity): number | undefined {
  return needsConnection(platform, verb) ? shardOf(app, accountId(platform.id, actor.address)) : undefined;
}

function confirmOf(
  answer: AcceptResult,
  activity: Activity,
  sentRid: string | number | undefined,
  basePath: string,
): Confirm {
  if (answer.outcome !== "accepted" && answer.outcome !== "replayed") throw refusalOf(answer.outcome, sentRid);
  const isReplay = answer.outcome === "replayed";
  return {
    type: "confirm",
    verb: "confirm",
    rid: isReplay ? answer.ridAsSent : (sentRid ?? activity.rid),
    id: isReplay ? answer.id : activity.id,
    status: answer.status,
    href: `${basePath}/activities/${encodeURIComponent(activity.rid)}`,
    ...(sentRid === undefined ? { ridGenerated: true } : {}),
  };
}

function refusalOf(
  outcome: Exclude<AcceptResult["outcome"], "accepted" | "replayed">,
  rid: string | number | undefined,
): Refusal {
  switch (outcome) {
    case "reused":
      return new Refusal(
        "rid-reused",
        "This rid was used for another activity; choose a new rid for each.",
        [{ pointer: "/rid", detail: "was used before" }],
        { rid },
      );
    case "account-unknown":
      return new Refusal(
        "account-unknown",
        "Store the actor's login with PUT /accounts first.",
        [{ pointer: "/actor/address", detail: "has no stored account" }],
        { rid },
      );
    case "quota-exceeded":
      return new Refusal("quota-exceeded", "Wait until some of the app's activities have ended.", undefined, {
        rid,
        retryAfter: 5,
      });
  }
}
