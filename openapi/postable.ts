import type { OpenAPIV3_1 } from "openapi-types";
import Type, { type TObject, type TSchema } from "typebox";
import { postedExample, postedSchema } from "../src/intake/activity-schema.ts";
import type { Platform } from "../src/platform/platform.ts";

type Examples = Readonly<Record<string, OpenAPIV3_1.ExampleObject>>;

/** The founding example, as it was printed; it is in the tests too. */
const ESSAY = {
  rid: "klf9fwkw3ks0sdxme33",
  verb: "send",
  platform: "email",
  actor: { name: "Bob User", address: "bob@example.com" },
  target: { name: "Foo Bar", address: "foo@bar.com" },
  object: { subject: "Hi", body: "Hello World!" },
};

/** What each platform's verbs take, by readable names such as `EmailSend`. */
export function verbSchemas(platforms: readonly Platform[]): Readonly<Record<string, TObject>> {
  return Object.fromEntries(
    everyVerb(platforms).map(({ platform, verb }) => [nameOf(platform, verb), postedSchema(platform, verb)]),
  );
}

/** The bodies that `POST /activities` shows. One of each verb, a list, and the founding example where it can be sent. */
export function activityExamples(platforms: readonly Platform[]): Examples {
  const verbs = everyVerb(platforms);
  const all = verbs.map(({ platform, verb }): [string, OpenAPIV3_1.ExampleObject] => [
    nameOf(platform, verb),
    { summary: platform.verbs[verb]?.summary ?? verb, value: postedExample(platform, verb) },
  ]);
  const essay = platforms.some(({ id }) => id === ESSAY.platform) ? { Essay: { summary: "A mail", value: ESSAY } } : {};
  const list = { List: { summary: "Several at once", value: all.slice(0, 2).map(([, { value }]) => value) } };
  return { ...essay, ...Object.fromEntries(all), ...list };
}

/** Any activity that can be posted here. */
export function anyActivity(schemas: readonly TObject[]): TSchema {
  return Type.Unsafe<unknown>({ description: "One of what the platforms' verbs take.", oneOf: [...schemas] });
}

function everyVerb(
  platforms: readonly Platform[],
): ReadonlyArray<{ readonly platform: Platform; readonly verb: string }> {
  return platforms.flatMap((platform) => Object.keys(platform.verbs).map((verb) => ({ platform, verb })));
}

function nameOf({ id }: Platform, verb: string): string {
  return [id, ...verb.split("-")].map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
