import { ulid } from "ulid";
import type { Activity } from "../../src/model/activity.ts";
import type { Platform, Receipt, VerbContext } from "../../src/platform/platform.ts";
import { testVerbContext } from "./verb-context.ts";
import { watchResult } from "./vocabulary-watch.ts";

/** Runs one verb of a connected platform as the core would; adds the activity's id. */
export async function runVerb(
  platform: Platform,
  client: unknown,
  fields: Partial<Activity> & Pick<Activity, "verb" | "actor">,
  context: Partial<VerbContext> = {},
): Promise<Receipt & { readonly id: string; readonly commits: number }> {
  const activity: Activity = { id: ulid(), rid: "r", platform: platform.id, target: [], object: {}, ...fields };
  const verbContext = testVerbContext({ pending: activity.target.map((_, index) => index), ...context });
  const verb = platform.verbs[activity.verb];
  if (!verb) throw new Error("No such verb");
  const receipt = await verb.run(client, activity, verbContext);
  watchResult({ platform: platform.id, verb: activity.verb, ...receipt });
  return { ...receipt, id: activity.id, commits: verbContext.commits() };
}
