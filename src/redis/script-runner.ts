import { createHash } from "node:crypto";
import type { RedisClient } from "./connect.ts";
import { groupCommit } from "./group-commit.ts";
import { type GroupLayout, groupedValues } from "./grouped-values.ts";
import { groupedSource, type LuaScript, plainName, singleSource } from "./script-loader.ts";

/** A value passed to a script: true arrives as `1`, false as the empty string. */
export type ScriptValue = string | number | boolean | Buffer;

/** Values by name. A name that ends in `...` takes a list, under the name without the dots. */
export type NamedValues<Name extends string, Value> = {
  readonly [N in Name as N extends `${infer Plain}...` ? Plain : N]: N extends `${string}...`
    ? readonly Value[]
    : Value;
};

/** The named arguments of one call. */
export type ScriptCall<Key extends string, Arg extends string> = { readonly keys: NamedValues<Key, string> } & ([
  Arg,
] extends [never]
  ? { readonly args?: undefined }
  : { readonly args: NamedValues<Arg, ScriptValue> });

type RunnerOf<Script> =
  Script extends LuaScript<infer Key, infer Arg, infer Reply> ? (call: ScriptCall<Key, Arg>) => Promise<Reply> : never;

type AnyScript = LuaScript;
type Values = Readonly<Record<string, ScriptValue | readonly ScriptValue[]>>;

/**
 * Makes functions of Lua scripts. A call sends EVALSHA, and EVAL where the server does not know the script yet (restart,
 * failover). Each call is one round trip; all keys of a call lie in one Cluster slot. Calls of the `grouped` scripts that
 * come at the same time share a round trip and a disk sync, see group-commit.ts.
 */
export function scriptRunner<Scripts extends Readonly<Record<string, AnyScript>>>(
  redis: RedisClient,
  scripts: Scripts,
  grouped: ReadonlyArray<keyof Scripts> = [],
): { readonly [Name in keyof Scripts]: RunnerOf<Scripts[Name]> } {
  const runners = Object.entries<AnyScript>(scripts).map(([name, script]) => {
    const run = grouped.includes(name) ? inGroups(redis, script) : bySha(redis, singleSource(script));
    const keyNames = script.keys.map(plainName);
    const argNames = script.args.map(plainName);
    const runner = async ({ keys, args = {} }: { readonly keys: Values; readonly args?: Values }): Promise<unknown> =>
      script.reply(await run(inOrder(keyNames, keys) as string[], inOrder(argNames, args)));
    return [name, runner] as const;
  });
  return Object.fromEntries(runners) as { readonly [Name in keyof Scripts]: RunnerOf<Scripts[Name]> };
}

function inOrder(names: readonly string[], values: Values): Cell[] {
  const cells: Cell[] = [];
  for (const name of names) {
    const value = values[name];
    if (value === undefined) throw new Error(`script value ${name} is missing`);
    if (isList(value)) for (const item of value) cells.push(cellOf(item));
    else cells.push(cellOf(value));
  }
  return cells;
}

function isList(value: ScriptValue | readonly ScriptValue[]): value is readonly ScriptValue[] {
  return Array.isArray(value);
}

function cellOf(value: ScriptValue): Cell {
  return typeof value === "boolean" ? (value ? "1" : "") : value;
}

type Cell = string | number | Buffer;
type RunScript = (keys: readonly string[], args: readonly Cell[]) => Promise<unknown>;

/**
 * Makes a function that sends calls of a script in groups. A single call is a group too: were it another script, calls
 * could change places while a restarted server knows only one of the two.
 */
function inGroups(redis: RedisClient, script: AnyScript): RunScript {
  const run = bySha(redis, groupedSource(script));
  const layout = layoutOf(script);
  const submit = groupCommit(async (calls) => {
    const { keys, args } = groupedValues(calls, layout);
    const replies = (await run(keys, args)) as ReadonlyArray<readonly [isDone: number, reply: unknown]>;
    return replies.map(([isDone, reply]) =>
      isDone === 1 ? { answer: reply ?? null } : { error: new Error(String(reply)) },
    );
  });
  return (keys, args) => submit({ keys, args });
}

function layoutOf({ keys, args }: AnyScript): GroupLayout {
  const isSingle = (name: string): boolean => !name.endsWith("...");
  const singleKeys = keys.filter(isSingle).length;
  const singleArgs = args.filter(isSingle).length;
  return {
    keys: singleKeys,
    hasMoreKeys: singleKeys < keys.length,
    args: singleArgs,
    hasMoreArgs: singleArgs < args.length,
  };
}

function bySha(redis: RedisClient, source: string): RunScript {
  const sha = createHash("sha1").update(source).digest("hex");
  return async (keys, args) => {
    try {
      return await redis.evalsha(sha, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return redis.eval(source, keys.length, ...keys, ...args);
    }
  };
}
