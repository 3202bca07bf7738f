import type { Account, Accounts } from "../accounts/accounts.ts";
import type { Caller } from "../model/caller.ts";
import type { ResultEvent, StatusEvent } from "../model/event.ts";
import type { EventError } from "../model/failure.ts";
import { newId } from "../model/new-id.ts";
import { optional } from "../model/optional.ts";
import { Refusal } from "../model/refusal.ts";
import { cancelActivity, type EndActivityDeps } from "../operations/end-activity.ts";
import type { SubmitActivity } from "../operations/submit-activity.ts";
import type { LaneQueues } from "../outbox/lane-queues.ts";
import type { Tail } from "../streaming/subscriber.ts";

export interface LoginTestDeps extends EndActivityDeps {
  readonly accounts: Pick<Accounts, "get" | "setDesiredOnline">;
  readonly lanes: EndActivityDeps["lanes"] & Pick<LaneQueues, "notifyAccountChanged">;
  readonly submit: SubmitActivity;
  readonly tail: Tail;
}

/** Outcome of a login. `untested`: no answer in time. `no-login`: mail that is sent over SMTP only. */
export interface LoginTest {
  readonly state: "online" | "needs-login" | "restricted" | "offline" | "untested" | "no-login";
  /** The network's refusal, or the gateway's reason. */
  readonly error?: EventError;
}

export interface LoginTestOptions {
  /** Longest wait in seconds, and lifetime of the test's activities. */
  readonly wait: number;
  /** Ends the wait. */
  readonly interrupted: () => Promise<unknown>;
}

type Answer = ResultEvent | StatusEvent;
interface LoginVerb {
  readonly verb: string;
  readonly object?: object;
}

/** Time in which a worker's attempt ends; it waits 20 s for a connection. */
const ATTEMPT_MS = 25_000;
const CONNECT: LoginVerb = { verb: "connect" };
/** A search that finds nothing. Unlike `connect` it leaves the state of an account without a mailbox as it is. */
const IMAP_LOGIN: LoginVerb = { verb: "search", object: { larger: 4_294_967_295 } };

/** Lets a worker log an account in once. The account's desired state stays as it was. */
export async function testLogin(
  deps: LoginTestDeps,
  caller: Caller,
  account: Account,
  options: LoginTestOptions,
): Promise<LoginTest> {
  if (account.platform === "email") {
    const answer = await answerTo(IMAP_LOGIN, deps, { caller, account }, options);
    const code = answer?.error?.code;
    if (code === "account-unknown") return { state: "no-login", ...optional("error", answer?.error) };
    // POP3 mailboxes cannot be searched.
    if (code !== "verb-not-supported") return outcomeOf(answer, account);
  }
  try {
    const answer = await answerTo(CONNECT, deps, { caller, account }, options);
    return outcomeOf(answer, await deps.accounts.get(caller.app, account.id));
  } finally {
    await restoreDesired(deps, caller.app, account);
  }
}

/** Posts an activity and returns its result or first deferral. Undefined after the wait; the activity has then ended. */
async function answerTo(
  { verb, object }: LoginVerb,
  deps: LoginTestDeps,
  { caller, account }: { readonly caller: Caller; readonly account: Account },
  { wait, interrupted }: LoginTestOptions,
): Promise<Answer | undefined> {
  const rid = `login-test.${newId()}`;
  const { platform, address } = account;
  const posted = { rid, platform, verb, actor: { address }, ...optional("object", object) };
  const watch = await watchAnswer(deps, caller.app, account.id, rid);
  try {
    await deps.submit(caller, { ...posted, options: { order: "none", expiresIn: wait } });
    const answer = await firstOf([watch.answer, interrupted().then(() => undefined)], wait * 1_000);
    if (answer?.type === "result" || (await isCancelled(deps, caller, rid))) return answer;
    // A worker is at it, and would change the desired state after its restoration.
    return await firstOf([watch.answer], ATTEMPT_MS);
  } finally {
    watch.stop();
  }
}

/** Returns the first value; undefined after `ms`. */
async function firstOf<T>(values: ReadonlyArray<Promise<T>>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((done) => {
    timer = setTimeout(() => done(undefined), ms);
  });
  return Promise.race([...values, over]).finally(() => clearTimeout(timer));
}

/** Cancels an activity. Returns false where a worker is at it or has ended it. */
async function isCancelled(deps: LoginTestDeps, caller: Caller, rid: string): Promise<boolean> {
  try {
    await cancelActivity(deps, caller, rid);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

async function watchAnswer({ tail, accounts }: LoginTestDeps, app: string, account: string, rid: string) {
  let found: (answer: Answer) => void = () => undefined;
  let failed: (error: unknown) => void = () => undefined;
  const answer = new Promise<Answer>((resolve, reject) => {
    found = resolve;
    failed = reject;
  });
  // Rejects before anybody awaits it where Redis goes away.
  answer.catch(() => undefined);
  const consider = async (event: Answer): Promise<void> => {
    if (event.type === "result") return found(event);
    if (event.status !== "deferred") return;
    // A slow login defers its activity too.
    if ((await accounts.get(app, account))?.state !== "connecting") found(event);
  };
  const { stop } = await tail.subscribe(
    { app, filter: { rids: [rid], types: ["result", "status"] } },
    {
      onEvents: ({ events }) => {
        for (const { json } of events) consider(JSON.parse(json) as Answer).catch(failed);
      },
    },
  );
  return { answer, stop };
}

function outcomeOf(answer: Answer | undefined, account: Account | undefined): LoginTest {
  if (answer === undefined) return { state: "untested" };
  const error = optional("error", answer.error);
  switch (answer.status) {
    case "sent":
      return { state: "online" };
    case "deferred":
      return { state: "offline", ...error };
    case "failed":
      return { state: refusedState(answer.error, account), ...error };
    default:
      return { state: "untested", ...error };
  }
}

function refusedState(error: EventError | undefined, account: Account | undefined): "needs-login" | "restricted" {
  if (account?.state === "needs-login" || account?.state === "restricted") return account.state;
  return error?.code.startsWith("credentials-") ? "needs-login" : "restricted";
}

/** Stores again that an account need not stay connected, which `connect` changes. */
async function restoreDesired({ accounts, lanes }: LoginTestDeps, app: string, account: Account): Promise<void> {
  if (account.online) return;
  const { id, platform, address } = account;
  await accounts.setDesiredOnline(app, platform, address, false);
  await lanes.notifyAccountChanged(app, id);
}
