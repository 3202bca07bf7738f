import type { EventFacts, Selector } from "../event-log/filter.ts";

/** Finds the listeners an event may be for without asking every one of them. */
export interface SubscriberIndex<Listener> {
  readonly add: (subscriber: Listener, selector: Selector) => void;
  readonly remove: (subscriber: Listener, selector: Selector) => void;
  /** Calls back for each candidate, possibly more than once; the selector has the last word. */
  readonly visit: (facts: EventFacts, each: (subscriber: Listener) => void) => void;
}

/** Keeps each listener under the values of its most telling condition. Rid, then address, then platform, else under all. */
export function subscriberIndex<Listener>(): SubscriberIndex<Listener> {
  const all = new Set<Listener>();
  const byRid = new Map<string, Set<Listener>>();
  const byAddress = new Map<string, Set<Listener>>();
  const byPlatform = new Map<string, Set<Listener>>();

  function bucketsFor({
    rids,
    addresses,
    accounts,
    platforms,
  }: Selector): [Map<string, Set<Listener>>, ReadonlySet<string>] | undefined {
    if (rids !== undefined) return [byRid, rids];
    const people = [addresses, accounts].filter((set) => set !== undefined);
    if (people.length > 0) return [byAddress, smallest(people)];
    if (platforms.length > 0) return [byPlatform, smallest(platforms)];
    return undefined;
  }
  return {
    add: (subscriber, selector) => {
      const bucket = bucketsFor(selector);
      if (!bucket) all.add(subscriber);
      else for (const value of bucket[1]) put(bucket[0], value, subscriber);
    },
    remove: (subscriber, selector) => {
      const bucket = bucketsFor(selector);
      if (!bucket) all.delete(subscriber);
      else for (const value of bucket[1]) drop(bucket[0], value, subscriber);
    },
    visit: (facts, each) => {
      for (const subscriber of all) each(subscriber);
      byPlatform.get(facts.platform)?.forEach(each);
      for (const address of facts.addresses) byAddress.get(address)?.forEach(each);
      if (facts.rid !== undefined) byRid.get(facts.rid)?.forEach(each);
    },
  };
}

function smallest(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return sets.reduce((smallest, set) => (set.size < smallest.size ? set : smallest));
}

function put<Listener>(map: Map<string, Set<Listener>>, value: string, subscriber: Listener): void {
  const set = map.get(value);
  if (set) set.add(subscriber);
  else map.set(value, new Set([subscriber]));
}

function drop<Listener>(map: Map<string, Set<Listener>>, value: string, subscriber: Listener): void {
  const set = map.get(value);
  set?.delete(subscriber);
  if (set?.size === 0) map.delete(value);
}
