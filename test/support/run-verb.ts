import { ulid } from "ulid";
import type { Activity } from "../../src/model/activity.ts";
import { silentLog } from "../../src/model/log.ts";
import type { Egress, Platform, Receipt, VerbContext } from "../../src/platform/platform.ts";
import { noEgress, testVerbContext } from "./verb-context.ts";
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

/** Creates a client for one account, runs `send` once and disposes the client. Throws the classified failure. */
export async function runOnce(
  platform: Platform,
  activity: Activity,
  overrides: Partial<VerbContext> & { readonly credentials?: unknown; readonly egress?: Egress } = {},
): Promise<Receipt> {
  const { credentials, egress = noEgress, ...context } = overrides;
  const pending = activity.target.map((_, index) => index);
  const client = await platform.createClient?.({
    app: "app1",
    credentials: credentials as never,
    egress,
    log: silentLog,
  });
  try {
    const run = platform.verbs[activity.verb]?.run;
    if (!run) throw new Error("No such verb");
    const receipt = await run(client, activity, testVerbContext({ pending, ...context }));
    watchResult({ platform: platform.id, verb: activity.verb, ...receipt });
    return receipt;
  } catch (thrown) {
    throw platform.classifyError(thrown);
  } finally {
    await platform.dispose?.(client);
  }
}
