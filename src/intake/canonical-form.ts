import Type from "typebox";
import { type ActivityContext, CONTEXT_TYPES, type ContextType } from "../model/activity.ts";
import { type ValidationError, validationErrors } from "../model/validate.ts";
import type { Platform, Verb } from "../platform/platform.ts";
import { Context } from "../platform/vocabulary/entities.ts";
import { isObject } from "./normalize.ts";

/** Context as apps post it: the object, or as a shorthand its type or id. */
export const PostedContext = Type.Union([Type.String({ minLength: 1, maxLength: 256 }), Context]);

/** Result of reading a posted context. */
export type ContextResult = { readonly context?: ActivityContext } | { readonly errors: readonly ValidationError[] };

/**
 * Reads the posted context. A string that is a type stands for `{type}`, any other string for a thread of that id.
 * Errors point at `/context`; contexts that the platform does not tell apart are refused.
 */
export function readContext(posted: unknown, allowed: readonly ContextType[] = CONTEXT_TYPES): ContextResult {
  if (posted === undefined) return {};
  const context = typeof posted === "string" ? contextOf(posted) : posted;
  const schema = typeof posted === "string" ? PostedContext.anyOf[0] : Context;
  const errors = validationErrors(schema, typeof posted === "string" ? posted : context);
  if (errors.length > 0) return { errors: errors.map((error) => ({ ...error, pointer: `/context${error.pointer}` })) };
  const { type } = context as ActivityContext;
  if (allowed.includes(type)) return { context: context as ActivityContext };
  return {
    errors: [{ pointer: "/context", detail: `must be ${allowed.map((name) => `\`${name}\``).join(" or ")} here` }],
  };
}

function contextOf(text: string): ActivityContext {
  return isContextType(text) ? { type: text } : { type: "thread", id: text };
}

function isContextType(text: string): text is ContextType {
  return (CONTEXT_TYPES as readonly string[]).includes(text);
}

/** Lists old spellings in an activity, with what to use instead. */
export function renamedErrors(
  { renamed = {}, renamedValues = [] }: Verb,
  activity: Readonly<Record<string, unknown>>,
): ValidationError[] {
  const old = [
    ...Object.entries(renamed).map(([pointer, instead]) => ({ pointer, instead, isOld: () => true })),
    ...renamedValues,
  ];
  return old
    .filter(({ pointer, isOld }) =>
      valuesAt(activity, pointer.split("/").slice(1)).some((value) => isOld(value, activity)),
    )
    .map(({ pointer, instead }) => ({ pointer, detail: `was renamed: use ${instead}` }));
}

/** Values of the properties at a path. `*` stands for every item of a list. */
function valuesAt(value: unknown, [name, ...rest]: readonly string[]): readonly unknown[] {
  if (name === undefined) return [value];
  if (name === "*") return Array.isArray(value) ? value.flatMap((item) => valuesAt(item, rest)) : [];
  return isObject(value) && Object.hasOwn(value, name) ? valuesAt(value[name], rest) : [];
}

/** Replaces URIs of the platform's schemes (`xmpp:alice@example.org`) by plain addresses, in `object` too. */
export function withPlainAddresses(
  { uriSchemes = [], addressInPath = (path) => path }: Platform,
  activity: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (uriSchemes.length === 0) return activity;
  const plain = (value: unknown): unknown =>
    isObject(value) && typeof value.address === "string"
      ? { ...value, address: plainAddress(uriSchemes, value.address, addressInPath) }
      : value;
  const { actor, target, object } = activity;
  return {
    ...activity,
    actor: plain(actor),
    target: Array.isArray(target) ? target.map(plain) : target,
    ...(object === undefined ? {} : { object: plain(object) }),
  };
}

/** Address in a URI: its path without the query; `scheme://host/path` gives the path. Others are returned as they are. */
function plainAddress(schemes: readonly string[], address: string, addressInPath: (path: string) => string): string {
  const colon = address.indexOf(":");
  if (colon < 1 || !schemes.includes(address.slice(0, colon).toLowerCase())) return address;
  const rest = address.slice(colon + 1).split("?", 1)[0] ?? "";
  const hasHost = rest.startsWith("//");
  const path = hasHost ? rest.slice(2).split("/").slice(1).join("/") : rest;
  const decoded = decodedPath(path);
  return hasHost ? addressInPath(decoded) : decoded;
}

function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
