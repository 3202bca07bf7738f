import { randomBytes } from "node:crypto";
import type { PollContext, PollResult } from "../../../platform/platform.ts";
import type { Wishes } from "../client/document/feed.ts";
import { type HubMemory, memoryOf } from "./state-schema.ts";
import { leaseOf } from "./websub-callback.ts";

/** How long we ask to be told; hubs answer with what they grant. */
const LEASE_SECONDS = 864_000;
/** Renewed when so much of the lease is left. */
const RENEW = 0.2;
const FIRST_PAUSE_MS = 15 * 60_000;
const DAY_MS = 86_400_000;
/** A hub that does not confirm is asked so often to stop. */
const LEAVE_TRIES = 3;
const LEAVE_MS = 60_000;

/** A feed's hub, and what the feed is called there. */
export interface Offer {
  readonly hub?: string;
  readonly topic: string;
}

export interface Told {
  readonly hub?: HubMemory;
  /** True while the hub has agreed to tell of news. */
  readonly live: boolean;
  readonly renewAt?: number;
}

/**
 * Sees to it that the feed's hub tells us of news (W3C WebSub): asks it where it has not agreed, and again before its lease
 * ends. `offered` is what the feed says now; undefined when it was not read. Never throws for what a hub does.
 */
export async function subscribed(
  before: HubMemory | undefined,
  offered: Offer | undefined,
  polling: PollContext,
  now: number,
): Promise<Told> {
  const { endpoint: door, hint: note } = polling;
  if (!door) return { live: false };
  const hub = hubOf(before, offered, now);
  if (!hub) {
    if (before) await door.close();
    return { live: false };
  }
  const lease = leaseOf(note, hub);
  const renewAt = lease.until - lease.ms * RENEW;
  if (now < renewAt) return { hub: lease.fresh && hub.tries > 0 ? { ...hub, tries: 0 } : hub, live: true, renewAt };
  const live = now < lease.until;
  const pause = lease.denied ? DAY_MS : pauseAfter(hub.tries);
  if (now - hub.asked < pause) return { hub, live, renewAt: hub.asked + pause };
  const { secret = randomBytes(32).toString("base64url") } = (await door.secrets()) ?? {};
  await asked("subscribe", hub, await door.open({ secret, topic: hub.topic, mode: "subscribe" }), secret, polling);
  return { hub: { ...hub, asked: now, tries: hub.tries + 1 }, live };
}

/** The hub that is to tell us: the one of before, or another that the feed offers now. */
function hubOf(before: HubMemory | undefined, offered: Offer | undefined, now: number): HubMemory | undefined {
  const wanted = offered ? { url: offered.hub, topic: offered.topic } : before;
  if (wanted?.url === undefined) return undefined;
  const same = before?.url === wanted.url && before.topic === wanted.topic && before.leaving === undefined;
  return same ? before : { url: wanted.url, topic: wanted.topic, since: now, asked: 0, tries: 0 };
}

function pauseAfter(tries: number): number {
  return tries === 0 ? 0 : Math.min(DAY_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
}

/** Asks the hub to stop, since nobody follows the feed any more, and closes the door when it has, or never answers. */
export async function left(
  _topic: string,
  polling: PollContext,
): Promise<Pick<PollResult, "state" | "nextMs"> | undefined> {
  const { endpoint: door, hint: note, state } = polling;
  const memory = memoryOf(state);
  if (!door) return undefined;
  const { hub } = memory ?? {};
  const tries = hub?.leaving ?? 0;
  if (!memory || !hub || tries >= LEAVE_TRIES || (tries > 0 && note === "left")) {
    await door.close();
    return undefined;
  }
  const { secret = "" } = (await door.secrets()) ?? {};
  await asked("unsubscribe", hub, await door.open({ secret, topic: hub.topic, mode: "unsubscribe" }), secret, polling);
  return { state: JSON.stringify({ ...memory, hub: { ...hub, leaving: tries + 1 } }), nextMs: LEAVE_MS };
}

type Mode = "subscribe" | "unsubscribe";

async function asked(
  mode: Mode,
  { url, topic }: HubMemory,
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
  try {
    const { status } = await fetch(url, {
      method: "POST",
      headers,
      body: form.toString(),
      signal,
      timeoutMs: 15_000,
      maxBytes: 65_536,
    });
    log.debug({ status, mode }, "a feed's hub was asked");
  } catch (error) {
    log.debug({ error: String(error), mode }, "a feed's hub could not be asked; it is asked again");
  }
}

/** What a feed offers: `Link` headers come before the document's own links; without `self` it is called by its address. */
export function offeredBy(linked: Pick<Wishes, "hub" | "self">, inside: Wishes, url: string): Offer {
  const hub = linked.hub ?? inside.hub;
  return { ...(hub === undefined ? {} : { hub }), topic: linked.self ?? inside.self ?? url };
}
