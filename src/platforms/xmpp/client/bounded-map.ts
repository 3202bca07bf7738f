/** Map with a maximum size that drops its oldest entries. */
export interface BoundedMap<Value> {
  readonly get: (key: string) => Value | undefined;
  readonly set: (key: string, value: Value) => void;
  readonly delete: (key: string) => void;
  readonly entries: () => ReadonlyArray<readonly [string, Value]>;
}

export function boundedMap<Value>(
  maxSize: number,
  initial: Iterable<readonly [string, Value]> = [],
): BoundedMap<Value> {
  const map = new Map<string, Value>(initial);
  return {
    get: (key) => map.get(key),
    set: (key, value) => {
      map.delete(key);
      map.set(key, value);
      for (const oldest of map.keys()) {
        if (map.size <= maxSize) break;
        map.delete(oldest);
      }
    },
    delete: (key) => {
      map.delete(key);
    },
    entries: () => [...map],
  };
}
