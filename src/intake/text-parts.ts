import type { ValidationError } from "../model/validate.ts";

const HINT = 'must be an object such as {"address": "bob@example.com"}, not a text';

/** Lists actors and targets that were posted as a text in place of an object. */
export function textInPlaceOfObject(parts: Readonly<Record<string, unknown>>): readonly ValidationError[] {
  const { actor, target } = parts;
  const targets = Array.isArray(target) ? target.map((value: unknown, index) => [`/target/${index}`, value]) : [];
  return [["/actor", actor], ["/target", target], ...targets]
    .filter(([, value]) => typeof value === "string")
    .map(([pointer]) => ({ pointer: String(pointer), detail: HINT }));
}
