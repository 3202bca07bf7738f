import type { Attachment } from "../model/activity.ts";
import { statusEvent } from "../model/event-builders.ts";
import { Failure } from "../model/failure.ts";
import type { Log } from "../model/log.ts";
import type { LaneItem, Outbox } from "../outbox/outbox.ts";
import {
  type CommitOptions,
  type Egress,
  failureFrom,
  type Platform,
  type Receipt,
  type VerbContext,
} from "../platform/platform.ts";
import type { Topics } from "../polling/topics.ts";
import { loadBlobs } from "./attachments.ts";
import type { Clients } from "./client-cache.ts";

export interface AttemptDeps {
  readonly outbox: Outbox;
  readonly clients: Pick<Clients, "use">;
  readonly egress: Egress;
  readonly log: Log;
  /** Stores whether an account is to stay connected. */
  readonly keepOnline?: (app: string, platform: string, address: string, wanted: boolean) => Promise<void>;
  /** Who follows what by polling. */
  readonly topics?: Pick<Topics, "subscribe" | "subscriptions" | "status">;
}

/** How one attempt ended. Nothing was sent when it was `lost` to another worker, or was `over` (cancelled, expired) before the commit. */
export type Ended =
  | { readonly kind: "receipt"; readonly receipt: Receipt }
  | { readonly kind: "failure"; readonly failure: Failure; readonly committed: boolean }
  | { readonly kind: "lost" }
  | { readonly kind: "over" };

const TIMEOUT_SECONDS = 120;
/** A lane can't change hands in less: its job's lock lasts 8 s and is renewed long before that. */
const FRESH_MS = 3_000;

/**
 * Runs the verb once, or finds out what an earlier worker left behind. Never throws for what a platform does; throws
 * when Redis fails, and then the lane's job is tried again.
 */
export async function attempt(
  deps: AttemptDeps,
  platform: Platform,
  work: LaneItem,
  now: () => number,
  signal: AbortSignal,
): Promise<Ended> {
  const limit = timeLimit((platform.timeoutSeconds ?? TIMEOUT_SECONDS) * 1_000, signal);
  const mark = committer(deps.outbox, work, now);
  const context = lend(deps, work, limit.signal, mark.commit);
  let asked = false;
  try {
    const { actor, verb } = work.activity;
    const whose = { app: work.app, address: actor.address, verb, signal: context.signal };
    const receipt = await deps.clients.use(platform, whose, (client) => {
      asked = true;
      return work.outcomeUncertain
        ? afterDeath(platform, client, work, context)
        : untilAborted(runVerb(platform, client, work, context), context.signal);
    });
    return { kind: "receipt", receipt };
  } catch (thrown) {
    if (mark.state.fault !== undefined) throw mark.state.fault;
    if (mark.state.refused) return { kind: mark.state.refused };
    const failure = failureFrom(platform, thrown);
    // Without a connection nobody could be asked: what a dead worker may have sent stays in doubt.
    const known = work.outcomeUncertain && !asked ? stillInDoubt(failure) : failure;
    return { kind: "failure", failure: known, committed: mark.state.committed };
  } finally {
    mark.close();
    limit.end();
  }
}

/** A signal for one attempt; unlike `AbortSignal.timeout` it leaves no timer behind when the attempt ends early. */
function timeLimit(ms: number, outer: AbortSignal): { readonly signal: AbortSignal; readonly end: () => void } {
  const controller = new AbortController();
  const onOuter = (): void => controller.abort(outer.reason);
  const timer = setTimeout(() => controller.abort(new Error("the attempt took too long")), ms);
  if (outer.aborted) onOuter();
  else outer.addEventListener("abort", onOuter, { once: true });
  const end = (): void => {
    clearTimeout(timer);
    outer.removeEventListener("abort", onOuter);
  };
  return { signal: controller.signal, end };
}

interface MarkState {
  committed: boolean;
  refused?: "lost" | "over";
  closed: boolean;
  fault?: unknown;
}

/** The `commit()` that a platform is lent, and what came of it. After `close` it refuses, so a zombie sends nothing. */
function committer(outbox: Outbox, work: LaneItem, now: () => number) {
  const state: MarkState = { committed: false, closed: false };
  async function commit(more: CommitOptions = {}): Promise<void> {
    if (state.closed) throw abandoned();
    const event = statusEvent(work.activity, work.ridAsSent, { status: "sending", decided: work.outcomes, now: now() });
    let answer: Awaited<ReturnType<Outbox["commit"]>>;
    let asked: number;
    do {
      asked = performance.now();
      answer = await outbox.commit(work, event, more).catch((fault: unknown) => {
        state.fault = fault;
        throw abandoned();
      });
      // A process that was frozen reads an old answer: another worker may have reported this and gone on with the lane.
    } while (answer === "committed" && performance.now() - asked > FRESH_MS);
    if (answer === "committed") state.committed = true;
    else state.refused = answer;
    if (state.refused || state.closed) throw abandoned();
  }
  const close = (): void => {
    state.closed = true;
  };
  return { state, commit, close };
}

function abandoned(): Failure {
  return new Failure({
    kind: "permanent",
    code: "abandoned",
    detail: "The activity was cancelled, expired or taken over.",
  });
}

function lend(
  { outbox, egress, log, keepOnline, topics }: AttemptDeps,
  work: LaneItem,
  signal: AbortSignal,
  commit: VerbContext["commit"],
): VerbContext {
  const { platform, actor } = work.activity;
  const follower = { app: work.app, platform, actor: actor.address };
  return {
    fetch: egress.fetch,
    connect: egress.connect,
    log: log.child({ rid: work.activity.rid, app: work.app }),
    signal,
    app: work.app,
    attempt: work.attempts + 1,
    pending: work.outcomes.flatMap((outcome, index) => (outcome === null ? [index] : [])),
    attachments: async () => {
      const attachments = (work.activity.object.attachments ?? []) as Attachment[];
      return attachments.length === 0
        ? []
        : loadBlobs(attachments, await outbox.blobs(work.app, work.activity.rid), egress);
    },
    commit,
    setDesiredOnline: async (wanted) => keepOnline?.(work.app, platform, actor.address, wanted),
    subscriptions: async () => (await topics?.subscriptions(follower)) ?? [],
    subscribe: async (topic, wanted) => topics?.subscribe(follower, topic, wanted),
    topicStatus: async (topic) => topics?.status(platform, topic),
  };
}

async function runVerb(platform: Platform, client: unknown, work: LaneItem, context: VerbContext): Promise<Receipt> {
  const verb = platform.verbs[work.activity.verb];
  if (!verb)
    throw new Failure({
      kind: "permanent",
      code: "verb-not-supported",
      detail: "This gateway's workers don't know that verb.",
    });
  return verb.run(client, work.activity, context);
}

/** A worker died between its commit and the outcome: ask the network, else say that nobody knows (promise G4). */
async function afterDeath(platform: Platform, client: unknown, work: LaneItem, context: VerbContext): Promise<Receipt> {
  const found = await platform.recover?.(client, work.activity, context).catch((thrown: unknown) => {
    throw stillInDoubt(failureFrom(platform, thrown));
  });
  if (found) return found;
  if (work.activity.options?.onUnknown === "resend")
    return untilAborted(runVerb(platform, client, work, context), context.signal);
  throw new Failure({
    kind: "permanent",
    code: "outcome-unknown",
    detail:
      "A break after the point of no return: nobody can tell whether it arrived. It is sent again only with options.onUnknown: resend.",
    mayHaveLanded: true,
  });
}

/** Not being able to ask makes nothing certain: whatever the failure, the activity must not be sent again for it. */
function stillInDoubt(failure: Failure): Failure {
  const { kind, code, message: detail, retryAfterMs, platformCode } = failure;
  return new Failure({
    kind,
    code,
    detail,
    mayHaveLanded: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(platformCode === undefined ? {} : { platformCode }),
    cause: failure,
  });
}

/** A platform that ignores its signal must not hold the lane. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () =>
      reject(
        new Failure({
          kind: "retryable",
          code: "platform-timeout",
          detail: "The network did not answer in time.",
          mayHaveLanded: true,
          cause: signal.reason,
        }),
      );
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
