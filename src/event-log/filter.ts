import type { Limits } from "../model/caller.ts";
import type { EventType } from "../model/event.ts";

/** What a listener asks for: any of the values within a kind, every kind that is given. Absent means all. */
export interface Filter {
  readonly platforms?: readonly string[];
  readonly actors?: readonly string[];
  readonly rids?: readonly string[];
  readonly types?: readonly EventType[];
}

/** What filters look at in an event; addresses are in lower case. */
export interface Facts {
  readonly type: string;
  readonly platform: string;
  readonly verb: string | undefined;
  readonly rid: string | undefined;
  /** The actor's, and those of the accounts it concerns. */
  readonly addresses: readonly string[];
  /** Those of the app's accounts it concerns: of an arrival the ones it came to, else the actor's. */
  readonly accounts: readonly string[];
}

/** A filter and a token's limits made ready for many events. */
export interface Selector {
  readonly types: ReadonlySet<string> | undefined;
  readonly rids: ReadonlySet<string> | undefined;
  readonly verbs: ReadonlySet<string> | undefined;
  readonly addresses: ReadonlySet<string> | undefined;
  /** A token for an account sees nothing of others, whoever a message to them claims to be from. */
  readonly accounts: ReadonlySet<string> | undefined;
  /** An event's platform must be in each of the sets. */
  readonly platforms: readonly ReadonlySet<string>[];
}

/** Joins what a listener asks for with what its token allows; the token's limits always apply on top. */
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

/** True when the listener is to get the event. A session event has no verb, so a token limited to verbs never sees one. */
export function selects(selector: Selector, facts: Facts): boolean {
  return (
    (selector.types === undefined || selector.types.has(facts.type)) &&
    (selector.rids === undefined || (facts.rid !== undefined && selector.rids.has(facts.rid))) &&
    (selector.verbs === undefined || (facts.verb !== undefined && selector.verbs.has(facts.verb))) &&
    selector.platforms.every((set) => set.has(facts.platform)) &&
    meets(selector.addresses, facts.addresses) &&
    meets(selector.accounts, facts.accounts)
  );
}

/** True when the listener gets every event, so that nothing ever passes it unseen. */
export function selectsAll(selector: Selector): boolean {
  const { types, rids, verbs, addresses, accounts, platforms } = selector;
  return [types, rids, verbs, addresses, accounts].every((set) => set === undefined) && platforms.length === 0;
}

/** Reads the facts from an event's parsed JSON; tolerant, since a later version may have written it. */
export function factsOf(event: Readonly<Record<string, unknown>>): Facts {
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

function meets(wanted: ReadonlySet<string> | undefined, addresses: readonly string[]): boolean {
  return wanted === undefined || addresses.some((address) => wanted.has(address));
}

function setOf(values: readonly string[] | undefined, form: (value: string) => string = (value) => value) {
  return values === undefined ? undefined : (new Set(values.map(form)) as ReadonlySet<string>);
}

function lower(value: string): string {
  return value.toLowerCase();
}
