import { randomBytes } from "node:crypto";
import type { PollContext, PollResult } from "../../../platform/platform.ts";
import type { PublisherHints } from "../client/document/jobs.ts";
import { type HubState, parseState } from "./state.ts";
import { leaseOf } from "./websub-callback.ts";

/** Requested lease; hubs answer with the lease that they grant. */
const LEASE_SECONDS = 864_000;
/** Remaining share of the lease at which it is renewed. */
const RENEW_AT_SHARE = 0.2;
const FIRST_PAUSE_MS = 15 * 60_000;
const DAY_MS = 86_400_000;
/** Maximum number of requests to unsubscribe from a hub that does not confirm. */
const MAX_LEAVE_TRIES = 3;
const LEAVE_PAUSE_MS = 60_000;
const HUB_TIMEOUT_MS = 15_000;

/** The hub that a feed advertises, and the feed's address there. */
export interface AdvertisedHub {
  readonly hub?: string;
  readonly topic: string;
}

/** State of the subscription after a poll. */
export interface WebSubState {
  readonly hub?: HubState;
  /** True while the hub's lease runs. */
  readonly isLive: boolean;
  /** Unix ms. */
  readonly renewAt?: number;
}

/**
 * Keeps the subscription at the feed's hub (W3C WebSub). Requests it while the hub has not agreed, and renews it before the
 * lease ends. `advertised` is undefined when the document was not read. Never throws for a hub's behaviour.
 */
export async function ensureSubscribed(
  before: HubState | undefined,
  advertised: AdvertisedHub | undefined,
  context: PollContext,
  now: number,
): Promise<WebSubState> {
  const { endpoint, hint } = context;
  if (!endpoint) return { isLive: false };
  const hub = currentHub(before, advertised, now);
  if (!hub) {
    if (before) await endpoint.close();
    return { isLive: false };
  }
  const lease = leaseOf(hint, hub);
  const renewAt = lease.until - lease.ms * RENEW_AT_SHARE;
  if (now < renewAt) {
    return { hub: lease.isCurrent && hub.tries > 0 ? { ...hub, tries: 0 } : hub, isLive: true, renewAt };
  }
  const isLive = now < lease.until;
  const pauseMs = lease.isDenied ? DAY_MS : pauseAfter(hub.tries);
  if (now - hub.asked < pauseMs) return { hub, isLive, renewAt: hub.asked + pauseMs };
  const { secret = randomBytes(32).toString("base64url") } = (await endpoint.secrets()) ?? {};
  const callback = await endpoint.open({ secret, topic: hub.topic, mode: "subscribe" });
  await requestHub("subscribe", hub, callback, secret, context);
  return { hub: { ...hub, asked: now, tries: hub.tries + 1 }, isLive };
}

/** Returns the former hub's state, or a new state when the feed advertises another hub. */
function currentHub(
  before: HubState | undefined,
  advertised: AdvertisedHub | undefined,
  now: number,
): HubState | undefined {
  const { url, topic } = advertised ? { url: advertised.hub, topic: advertised.topic } : (before ?? {});
  if (url === undefined || topic === undefined) return undefined;
  const isSame = before?.url === url && before.topic === topic && before.leaving === undefined;
  return isSame ? before : { url, topic, since: now, asked: 0, tries: 0 };
}

function pauseAfter(tries: number): number {
  return tries === 0 ? 0 : Math.min(DAY_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
}

/**
 * Unsubscribes from the hub of a feed without subscribers. Closes the endpoint when the hub has confirmed, or after the last
 * try; until then returns the state and the time of the next try.
 */
export async function teardown(
  _topic: string,
  context: PollContext,
): Promise<Pick<PollResult, "state" | "nextMs"> | undefined> {
  const { endpoint, hint } = context;
  const state = parseState(context.state);
  if (!endpoint) return undefined;
  const { hub } = state ?? {};
  const tries = hub?.leaving ?? 0;
  if (!state || !hub || tries >= MAX_LEAVE_TRIES || (tries > 0 && hint === "left")) {
    await endpoint.close();
    return undefined;
  }
  const { secret = "" } = (await endpoint.secrets()) ?? {};
  const callback = await endpoint.open({ secret, topic: hub.topic, mode: "unsubscribe" });
  await requestHub("unsubscribe", hub, callback, secret, context);
  return { state: JSON.stringify({ ...state, hub: { ...hub, leaving: tries + 1 } }), nextMs: LEAVE_PAUSE_MS };
}

type HubMode = "subscribe" | "unsubscribe";

async function requestHub(
  mode: HubMode,
  { url, topic }: HubState,
  callback: string,
  secret: string,
  { fetch, signal, log }: PollContext,
): Promise<void> {
  const form = new URLSearchParams({ "hub.mode": mode, "hub.topic": topic, "hub.callback": callback });
  if (mode === "subscribe") {
    form.set("hub.secret", secret);
    form.set("hub.lease_seconds", String(LEASE_SECONDS));
  }
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const body = form.toString();
  try {
    const { status } = await fetch(url, {
      method: "POST",
      headers,
      body,
      signal,
      timeoutMs: HUB_TIMEOUT_MS,
      maxBytes: 65_536,
    });
    log.debug({ status, mode }, "websub hub answered the subscription request");
  } catch (err) {
    log.debug({ err, mode }, "websub hub request failed; retrying");
  }
}

/** Chooses the advertised hub. `Link` headers precede the document; without `self` the topic is the feed's address. */
export function advertisedHub(
  linkHeader: Pick<PublisherHints, "hub" | "self">,
  document: PublisherHints,
  url: string,
): AdvertisedHub {
  const hub = linkHeader.hub ?? document.hub;
  return { ...(hub === undefined ? {} : { hub }), topic: linkHeader.self ?? document.self ?? url };
}
