import type { OpenAPIV3_1 } from "openapi-types";
import type { TObject, TSchema } from "typebox";
import { postedExample, postedSchema } from "../src/intake/activity-schema.ts";
import type { Platform } from "../src/platform/platform.ts";
import { discriminated } from "./discriminated.ts";

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

/** Examples of `POST /activities`: each verb, and a list. Verbs without a stored account come first. */
export function activityExamples(platforms: readonly Platform[]): Examples {
  const verbs = everyVerb([...platforms].sort((a, b) => Number(a.needsAccount) - Number(b.needsAccount)));
  const all = verbs.map(({ platform, verb }): [string, OpenAPIV3_1.ExampleObject] => [
    nameOf(platform, verb),
    { summary: summaryOf(platform, verb), value: postedExample(platform, verb) },
  ]);
  const essay = platforms.some(({ id }) => id === ESSAY.platform)
    ? { Essay: { summary: "A mail, without a stored account", value: ESSAY } }
    : {};
  const list = { List: { summary: "Several at once", value: all.slice(0, 2).map(([, { value }]) => value) } };
  return { ...essay, ...Object.fromEntries(all), ...list };
}

function summaryOf(platform: Platform, verb: string): string {
  const summary = (platform.verbs[verb]?.summary ?? verb).replace(/\.$/, "");
  return platform.needsAccount ? `${summary} (needs a stored account)` : summary;
}

/** Any activity that can be posted here: by `platform`, then by `verb`. */
export function activitySchemas(platforms: readonly Platform[]): Readonly<Record<string, TSchema>> {
  const own = Object.fromEntries(
    platforms.map((platform) => {
      const verbs = Object.keys(platform.verbs);
      const mapping = Object.fromEntries(verbs.map((verb) => [verb, nameOf(platform, verb)]));
      const schemas = verbs.map((verb) => postedSchema(platform, verb));
      return [nameOf(platform, "activity"), discriminated("verb", mapping, schemas, `What ${platform.title} takes.`)];
    }),
  );
  const names = platforms.flatMap((platform) =>
    [platform.id, ...(platform.aliases ?? [])].map((name) => [name, nameOf(platform, "activity")] as const),
  );
  const activity = discriminated("platform", Object.fromEntries(names), Object.values(own), "What the platforms take.");
  return { Activity: activity, ...own };
}

function everyVerb(
  platforms: readonly Platform[],
): ReadonlyArray<{ readonly platform: Platform; readonly verb: string }> {
  return platforms.flatMap((platform) => Object.keys(platform.verbs).map((verb) => ({ platform, verb })));
}

function nameOf({ id }: Platform, verb: string): string {
  return [id, ...verb.split("-")].map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
