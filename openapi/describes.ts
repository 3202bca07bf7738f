import type { Static, TSchema } from "typebox";

type Writable<T> =
  T extends ReadonlyArray<infer Item>
    ? Array<Writable<Item>>
    : T extends object
      ? { -readonly [Key in keyof T]: Writable<T[Key]> }
      : T;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? unknown : never) : never;

/** Checks a schema against the type of the real answer: `describes<T>()(schema)`. */
export function describes<T>(): <S extends TSchema>(schema: S & Same<Writable<Static<S>>, Writable<T>>) => S {
  return (schema) => schema;
}
