import type { Limits } from "../model/caller.ts";
import type { EventType } from "../model/event.ts";

/** A listener's filter: any of the values within a kind, and every given kind. Absent means all. */
export interface Filter {
  readonly platforms?: readonly string[];
  readonly actors?: readonly string[];
  readonly rids?: readonly string[];
  readonly types?: readonly EventType[];
}

/** Fields of an event that filters compare; addresses are in lower case. */
export interface EventFacts {
  readonly type: string;
  readonly platform: string;
  readonly verb: string | undefined;
  readonly rid: string | undefined;
  /** Addresses of the actor and of the accounts that the event concerns. */
  readonly addresses: readonly string[];
  /** Addresses of the app's accounts: the receivers of an inbound event, else the actor. */
  readonly accounts: readonly string[];
}

/** A filter and a token's limits, prepared for many events. */
export interface Selector {
  readonly types: ReadonlySet<string> | undefined;
  readonly rids: ReadonlySet<string> | undefined;
  readonly verbs: ReadonlySet<string> | undefined;
  readonly addresses: ReadonlySet<string> | undefined;
  /** A token for an account sees no other account's events, whatever sender they claim. */
  readonly accounts: ReadonlySet<string> | undefined;
  /** An event's platform must be in each of the sets. */
  readonly platforms: readonly ReadonlySet<string>[];
}

/** Combines a listener's filter with the token's limits, which always apply on top. */
export function selectorOf(filter: Filter, limits: Limits): Selector {
  return {
    types: setOf(filter.types),
    rids: setOf(filter.rids),
    verbs: setOf(limits.verbs),
    addresses: setOf(filter.actors, lower),
    accounts: setOf(limits.actors, lower),
    platforms: [setOf(filter.platforms), setOf(limits.platforms)].filter((set) => set !== undefined),
  };
}

/** Returns whether the listener gets the event. Session events have no verb, so a token limited to verbs never sees them. */
export function selects(selector: Selector, facts: EventFacts): boolean {
  return (
    (selector.types === undefined || selector.types.has(facts.type)) &&
    (selector.rids === undefined || (facts.rid !== undefined && selector.rids.has(facts.rid))) &&
    (selector.verbs === undefined || (facts.verb !== undefined && selector.verbs.has(facts.verb))) &&
    selector.platforms.every((set) => set.has(facts.platform)) &&
    matchesAny(selector.addresses, facts.addresses) &&
    matchesAny(selector.accounts, facts.accounts)
  );
}

/** Returns whether the listener gets every event. */
export function selectsAll(selector: Selector): boolean {
  const { types, rids, verbs, addresses, accounts, platforms } = selector;
  return [types, rids, verbs, addresses, accounts].every((set) => set === undefined) && platforms.length === 0;
}

/** Reads the facts from an event's parsed JSON. Tolerant, since a later version may have written the event. */
export function factsOf(event: Readonly<Record<string, unknown>>): EventFacts {
  const actor = addressesOf([event.actor]);
  const accounts = event.type === "activity" ? addressesOf(Array.isArray(event.target) ? event.target : []) : actor;
  return {
    type: String(event.type),
    platform: String(event.platform),
    verb: typeof event.verb === "string" ? event.verb : undefined,
    rid: event.rid === undefined ? undefined : String(event.rid),
    addresses: [...new Set([...actor, ...accounts])],
    accounts,
  };
}

function addressesOf(parties: readonly unknown[]): string[] {
  return parties.flatMap((party) => {
    const address = (party as { address?: unknown } | null | undefined)?.address;
    return typeof address === "string" ? [address.toLowerCase()] : [];
  });
}

function matchesAny(allowed: ReadonlySet<string> | undefined, addresses: readonly string[]): boolean {
  return allowed === undefined || addresses.some((address) => allowed.has(address));
}

function setOf(values: readonly string[] | undefined, form: (value: string) => string = (value) => value) {
  return values === undefined ? undefined : (new Set(values.map(form)) as ReadonlySet<string>);
}

function lower(value: string): string {
  return value.toLowerCase();
}
