import type { GroupedCall } from "./group-commit.ts";

type Cell = string | number | Buffer;

/** Number of a script's single keys and arguments, and whether lists follow them. */
export interface GroupLayout {
  readonly keys: number;
  readonly hasMoreKeys: boolean;
  readonly args: number;
  readonly hasMoreArgs: boolean;
}

/**
 * Lays out the values of a group's calls for `groupedSource`. What is the same in all calls goes once: most keys are, and each
 * value costs the client and Redis some 0.3 µs. The arguments begin with the number of calls and two texts with a digit per
 * single key or argument, 1 where it is shared. Then follow the shared values, and for each call its own; those of a list
 * come after its length, which is an argument.
 */
export function groupedValues(calls: readonly GroupedCall[], layout: GroupLayout): { keys: string[]; args: Cell[] } {
  const keys: string[] = [];
  const args: Cell[] = [];
  const ownKeys = addShared(
    calls.map((call) => call.keys),
    layout.keys,
    keys,
  );
  const sharedArgs: Cell[] = [];
  const ownArgs = addShared(
    calls.map((call) => call.args),
    layout.args,
    sharedArgs,
  );
  args.push(calls.length, digitsOf(ownKeys, layout.keys), digitsOf(ownArgs, layout.args), ...sharedArgs);
  for (const call of calls) {
    for (const index of ownKeys) keys.push(call.keys[index] as string);
    if (layout.hasMoreKeys) {
      args.push(call.keys.length - layout.keys);
      for (let index = layout.keys; index < call.keys.length; index++) keys.push(call.keys[index] as string);
    }
    for (const index of ownArgs) args.push(call.args[index] as Cell);
    if (layout.hasMoreArgs) {
      args.push(call.args.length - layout.args);
      for (let index = layout.args; index < call.args.length; index++) args.push(call.args[index] as Cell);
    }
  }
  return { keys, args };
}

/** Adds the values that all rows share; returns the indexes of the others. */
function addShared<Value extends Cell>(
  rows: ReadonlyArray<readonly Value[]>,
  width: number,
  shared: Value[],
): number[] {
  const own: number[] = [];
  const [first = [], ...others] = rows;
  for (let index = 0; index < width; index++) {
    const value = first[index] as Value;
    if (others.every((row) => row[index] === value)) shared.push(value);
    else own.push(index);
  }
  return own;
}

function digitsOf(own: readonly number[], width: number): string {
  return Array.from({ length: width }, (_, index) => (own.includes(index) ? "0" : "1")).join("");
}
