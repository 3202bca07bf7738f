import type { Limits } from "../apps/caller.ts";
import type { EventType } from "../event.ts";

/** What a listener asks for: any of the values within a kind, every kind that is given. Absent means all. */
export interface Filter {
  readonly platforms?: readonly string[];
  readonly actors?: readonly string[];
  readonly rids?: readonly string[];
  readonly types?: readonly EventType[];
}

/** What filters look at in an event; addresses are in lower case: its actor's and those of the accounts it concerns. */
export interface Facts {
  readonly type: string;
  readonly platform: string;
  readonly verb: string | undefined;
  readonly rid: string | undefined;
  readonly addresses: readonly string[];
}

/** A filter and a token's limits made ready for many events. */
export interface Selector {
  readonly types: ReadonlySet<string> | undefined;
  readonly rids: ReadonlySet<string> | undefined;
  readonly verbs: ReadonlySet<string> | undefined;
  /** An event must have an address (a platform) in each of the sets. */
  readonly addresses: readonly ReadonlySet<string>[];
  readonly platforms: readonly ReadonlySet<string>[];
}

/** Joins what a listener asks for with what its token allows; the token's limits always apply on top. */
export function selectorOf(filter: Filter, limits: Limits): Selector {
  return {
    types: setOf(filter.types),
    rids: setOf(filter.rids),
    verbs: setOf(limits.verbs),
    addresses: [setOf(filter.actors, lower), setOf(limits.actors, lower)].filter((set) => set !== undefined),
    platforms: [setOf(filter.platforms), setOf(limits.platforms)].filter((set) => set !== undefined),
  };
}

/** True when the listener is to get the event. A session event has no verb, so a token limited to verbs never sees one. */
export function selects(selector: Selector, facts: Facts): boolean {
  return (
    (selector.types === undefined || selector.types.has(facts.type)) &&
    (selector.rids === undefined || (facts.rid !== undefined && selector.rids.has(facts.rid))) &&
    (selector.verbs === undefined || (facts.verb !== undefined && selector.verbs.has(facts.verb))) &&
    selector.platforms.every((set) => set.has(facts.platform)) &&
    selector.addresses.every((set) => facts.addresses.some((address) => set.has(address)))
  );
}

/** True when the listener gets every event, so that nothing ever passes it unseen. */
export function selectsAll(selector: Selector): boolean {
  const { types, rids, verbs, addresses, platforms } = selector;
  return [types, rids, verbs].every((set) => set === undefined) && addresses.length + platforms.length === 0;
}

/** Reads the facts from an event's parsed JSON; tolerant, since a later version may have written it. */
export function factsOf(event: Readonly<Record<string, unknown>>): Facts {
  const addresses = new Set([addressOf(event.actor)]);
  if (event.type === "activity" && Array.isArray(event.target)) {
    for (const target of event.target) addresses.add(addressOf(target));
  }
  addresses.delete(undefined);
  return {
    type: String(event.type),
    platform: String(event.platform),
    verb: typeof event.verb === "string" ? event.verb : undefined,
    rid: event.rid === undefined ? undefined : String(event.rid),
    addresses: [...addresses] as string[],
  };
}

function addressOf(party: unknown): string | undefined {
  const address = (party as { address?: unknown } | null | undefined)?.address;
  return typeof address === "string" ? address.toLowerCase() : undefined;
}

function setOf(values: readonly string[] | undefined, form: (value: string) => string = (value) => value) {
  return values === undefined ? undefined : (new Set(values.map(form)) as ReadonlySet<string>);
}

function lower(value: string): string {
  return value.toLowerCase();
}
