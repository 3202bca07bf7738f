import type { Static, TSchema } from "typebox";

type Writable<T> =
  T extends ReadonlyArray<infer Item>
    ? Array<Writable<Item>>
    : T extends object
      ? { -readonly [Key in keyof T]: Writable<T[Key]> }
      : T;
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? unknown : never) : never;

/** Keeps a schema and the type of what we really answer the same, under the compiler's eye: `describes<T>()(schema)`. */
export function describes<T>(): <S extends TSchema>(schema: S & Same<Writable<Static<S>>, Writable<T>>) => S {
  return (schema) => schema;
}
