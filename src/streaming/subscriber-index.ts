import type { EventFacts, Selector } from "../event-log/filter.ts";

/** Finds the listeners an event may be for without asking every one of them. */
export interface ListenerIndex<Listener> {
  readonly add: (listener: Listener, selector: Selector) => void;
  readonly remove: (listener: Listener, selector: Selector) => void;
  /** Calls back for each candidate, possibly more than once; the selector has the last word. */
  readonly visit: (facts: EventFacts, each: (listener: Listener) => void) => void;
}

/** Keeps each listener under the values of its most telling condition: rid, then address, then platform, else under all. */
export function listenerIndex<Listener>(): ListenerIndex<Listener> {
  const all = new Set<Listener>();
  const byRid = new Map<string, Set<Listener>>();
  const byAddress = new Map<string, Set<Listener>>();
  const byPlatform = new Map<string, Set<Listener>>();

  function home({
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
    add: (listener, selector) => {
      const place = home(selector);
      if (!place) all.add(listener);
      else for (const value of place[1]) put(place[0], value, listener);
    },
    remove: (listener, selector) => {
      const place = home(selector);
      if (!place) all.delete(listener);
      else for (const value of place[1]) drop(place[0], value, listener);
    },
    visit: (facts, each) => {
      for (const listener of all) each(listener);
      byPlatform.get(facts.platform)?.forEach(each);
      for (const address of facts.addresses) byAddress.get(address)?.forEach(each);
      if (facts.rid !== undefined) byRid.get(facts.rid)?.forEach(each);
    },
  };
}

function smallest(sets: readonly ReadonlySet<string>[]): ReadonlySet<string> {
  return sets.reduce((least, set) => (set.size < least.size ? set : least));
}

function put<Listener>(map: Map<string, Set<Listener>>, value: string, listener: Listener): void {
  const set = map.get(value);
  if (set) set.add(listener);
  else map.set(value, new Set([listener]));
}

function drop<Listener>(map: Map<string, Set<Listener>>, value: string, listener: Listener): void {
  const set = map.get(value);
  set?.delete(listener);
  if (set?.size === 0) map.delete(value);
}
