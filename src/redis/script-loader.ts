import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Lua scripts as files. To add one:
 *
 * 1. Write `scripts/<name>.lua` in the folder that uses it. Its header names what the body may use:
 *
 *        -- Renews a lease while its fence is still current.
 *        -- KEYS: lease hook
 *        -- ARGV: fence leaseMs fields...
 *        -- RETURNS: 'renewed' | 'lost'
 *        -- INCLUDE: clock ./shared-part
 *
 *    The loader makes a local variable of each name, so no body indexes KEYS or ARGV. A list may go on in a second line
 *    of the same kind. A last name that ends in `...` is a table of all that follows. Numbers arrive as text: compare
 *    them after `tonumber`.
 * 2. Define it once, at the top of a module: `luaScript(new URL("./scripts/<name>.lua", import.meta.url), { keys, args })`.
 *    The names are written there again, for the compiler; the loader throws where they differ from the header.
 * 3. Call it by `scriptRunner(redis, { name: SCRIPT })`: `run.name({ keys: { lease, hook }, args: { fence, … } })`.
 *
 * Two tables are there in every script: `memo` holds what was read once and can't change while the script runs, and the
 * functions in `atEnd` run at its end, so that counters are written once however many calls a group has. By then the
 * declared names have the values of the group's last call: such a function uses locals of its own.
 *
 * A bare name after INCLUDE is a file of `src/redis/lua`, one that begins with `./` lies beside the script. An include
 * says in `-- USES:` which names it needs; a script that lacks one is refused when it is loaded. Files are read once, at
 * start, and travel beside the bundles (ops/build.mjs).
 */
export interface LuaScript<Key extends string = string, Arg extends string = string, Reply = unknown> {
  readonly name: string;
  /** The included functions. */
  readonly included: string;
  readonly body: string;
  readonly keys: readonly Key[];
  readonly args: readonly Arg[];
  readonly reply: (raw: unknown) => Reply;
}

/** Names of a script's keys and arguments, in the order of its header. */
export interface ScriptNames<Key extends string, Arg extends string, Reply> {
  readonly keys: readonly Key[];
  readonly args?: readonly Arg[];
  /** Reads the answer; without it the caller gets `unknown`. */
  readonly reply?: (raw: unknown) => Reply;
}

interface Header {
  readonly keys: readonly string[];
  readonly args: readonly string[];
  readonly includes: readonly string[];
  readonly uses: readonly string[];
}

const SHARED = new URL("./lua/", import.meta.url);
const NAME = /^[A-Za-z_]\w*(\.\.\.)?$/;
/** Lua's own words, and globals whose loss would surprise the body. */
const RESERVED = new Set(
  (
    "and break do else elseif end false for function if in local nil not or repeat return then true until while " +
    "KEYS ARGV memo atEnd redis cjson cmsgpack string table math tonumber tostring ipairs pairs unpack type next select error"
  ).split(" "),
);

/** Loads a script with its includes. Throws where the header, the includes and the given names don't fit. */
export function luaScript<const Key extends string, const Arg extends string = never, Reply = unknown>(
  file: URL,
  { keys, args = [], reply = (raw) => raw as Reply }: ScriptNames<Key, Arg, Reply>,
): LuaScript<Key, Arg, Reply> {
  const name = basename(fileURLToPath(file), ".lua");
  const body = readFileSync(file, "utf8");
  const header = readHeader(name, body);
  mustEqual(name, "KEYS", header.keys, keys);
  mustEqual(name, "ARGV", header.args, args);
  const known = [...header.keys, ...header.args].map(plainName);
  const included = includesOf(name, file, header.includes, known, new Map());
  return { name, included: [...included.values()].join("\n"), body, keys, args, reply };
}

type ScriptText = Pick<LuaScript, "included" | "body" | "keys" | "args">;

/** Makes the Lua of a single call. */
export function singleSource({ included, body, keys, args }: ScriptText): string {
  return `local memo, atEnd = {}, {}
${localsOf("KEYS", keys)}
${localsOf("ARGV", args)}
${included}
local function run()
${body}
end
local reply = run()
for _, finish in ipairs(atEnd) do finish() end
return reply`;
}

/**
 * Makes the Lua of a group of calls, whose values grouped-values.ts lays out. Functions are made once for all calls, so that
 * a call only sets the declared names. Answers one pair for each call: 1 and the answer, or 0 and the error's message; a
 * failed call leaves the others alone. Where all fail alike, as on a replica or in full memory, the group fails as a single
 * call does, so that the client reacts to it.
 */
export function groupedSource({ included, body, keys, args }: ScriptText): string {
  const names = [...keys, ...args].map(plainName);
  return `local memo, atEnd = {}, {}
local ${names.join(", ")}
${included}
local function run()
${body}
end
local callCount, keyDigits, argDigits = unpack(ARGV, 1, 3)
local columns = { KEYS = {}, ARGV = {} }
local following = { KEYS = 1, ARGV = 4 }
local sources = { KEYS = KEYS, ARGV = ARGV }
local function take(from)
  following[from] = following[from] + 1
  return sources[from][following[from] - 1]
end
local function takeShared(from, isShared)
  local cells, varying = {}, {}
  for i = 1, #isShared do
    if string.sub(isShared, i, i) == '1' then cells[i] = take(from) else varying[#varying + 1] = i end
  end
  columns[from] = { cells = cells, varying = varying }
end
local function takeOwn(from)
  local cells = columns[from].cells
  for _, i in ipairs(columns[from].varying) do cells[i] = take(from) end
  return cells
end
local function takeRest(from)
  local rest = {}
  for i = 1, tonumber(take('ARGV')) do rest[i] = take(from) end
  return rest
end
takeShared('KEYS', keyDigits)
takeShared('ARGV', argDigits)
local replies, failures = {}, 0
for i = 1, tonumber(callCount) do
  ${assignmentOf("KEYS", keys)}
  ${assignmentOf("ARGV", args)}
  local isDone, reply = pcall(run)
  if not isDone then
    failures = failures + 1
    reply = type(reply) == 'table' and reply.err or tostring(reply)
  end
  replies[i] = { isDone and 1 or 0, reply }
end
for _, finish in ipairs(atEnd) do finish() end
if failures == #replies then return redis.error_reply(replies[1][2]) end
return replies`;
}

/** Makes a reader for scripts that answer one of a few literals. Throws for any other answer. */
export function oneOf<const Literal extends string>(...literals: readonly Literal[]): (raw: unknown) => Literal {
  return (raw) => {
    const found = literals.find((literal) => literal === raw);
    if (found === undefined) throw new Error(`script answered ${String(raw)} instead of ${literals.join(", ")}`);
    return found;
  };
}

/** Returns a name without the dots of a table of all that follows. */
export function plainName(name: string): string {
  return name.replace("...", "");
}

function readHeader(script: string, text: string): Header {
  const listOf = (label: string): string[] =>
    text
      .split("\n")
      .filter((line) => line.startsWith(`-- ${label}:`))
      .flatMap((line) => line.slice(line.indexOf(":") + 1).split(/\s+/))
      .filter((name) => name !== "");
  const header = { keys: listOf("KEYS"), args: listOf("ARGV"), includes: listOf("INCLUDE"), uses: listOf("USES") };
  const names = [...header.keys, ...header.args].map(plainName);
  for (const list of [header.keys, header.args]) {
    for (const [index, name] of list.entries()) {
      const isLast = index === list.length - 1;
      if (!NAME.test(name) || RESERVED.has(plainName(name)) || (name.endsWith("...") && !isLast)) {
        throw new Error(`${script}.lua: ${name} can't be a name here`);
      }
    }
  }
  if (new Set(names).size < names.length) throw new Error(`${script}.lua: a name is declared twice`);
  return header;
}

function mustEqual(script: string, label: string, declared: readonly string[], defined: readonly string[]): void {
  if (declared.join(" ") === defined.join(" ")) return;
  throw new Error(
    `${script}.lua: ${label} is "${declared.join(" ")}" in the header, "${defined.join(" ")}" in TypeScript`,
  );
}

/** Collects includes and their includes, each once, every declaration before its use. */
function includesOf(
  script: string,
  from: URL,
  names: readonly string[],
  known: readonly string[],
  found: Map<string, string>,
): Map<string, string> {
  for (const name of names) {
    const file = new URL(`${name}.lua`, name.startsWith("./") ? from : SHARED);
    if (found.has(file.href)) continue;
    const body = readFileSync(file, "utf8");
    const { includes, uses } = readHeader(name, body);
    const missing = uses.filter((used) => !known.includes(used));
    if (missing.length > 0) throw new Error(`${script}.lua: ${name} needs the names ${missing.join(", ")}`);
    includesOf(script, file, includes, known, found);
    found.set(file.href, body);
  }
  return found;
}

/** Writes local variables for a list of names. A last name that ends in `...` becomes a table. */
function localsOf(table: "KEYS" | "ARGV", names: readonly string[]): string {
  const single = names.filter((name) => !name.endsWith("..."));
  const rest = names.find((name) => name.endsWith("..."));
  const lines = [];
  if (single.length > 0) {
    lines.push(`local ${single.join(", ")} = ${single.map((_, index) => `${table}[${index + 1}]`).join(", ")}`);
  }
  if (rest !== undefined) {
    const target = plainName(rest);
    const offset = single.length;
    lines.push(`local ${target} = {} for i = ${offset + 1}, #${table} do ${target}[i - ${offset}] = ${table}[i] end`);
  }
  return lines.join("\n");
}

/** Assigns a call's values of a group to the declared names. */
function assignmentOf(table: "KEYS" | "ARGV", names: readonly string[]): string {
  const single = names.filter((name) => !name.endsWith("..."));
  const rest = names.find((name) => name.endsWith("..."));
  const lines = [];
  if (single.length > 0) {
    lines.push(`local cells = takeOwn('${table}')`);
    lines.push(`${single.join(", ")} = ${single.map((_, index) => `cells[${index + 1}]`).join(", ")}`);
  }
  if (rest !== undefined) lines.push(`${plainName(rest)} = takeRest('${table}')`);
  return lines.join("\n  ");
}
