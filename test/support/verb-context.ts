import type { Activity } from "../../src/model/activity.ts";
import { silentLog } from "../../src/model/log.ts";
import type { Blob, Egress, Platform, Receipt, VerbContext } from "../../src/platform/platform.ts";
import { watchResult } from "./vocabulary-watch.ts";

/** Creates a verb context without the core; `commits` counts the commits. */
export function testVerbContext(
  overrides: Partial<VerbContext> = {},
): VerbContext & { readonly commits: () => number } {
  let commits = 0;
  const commit = overrides.commit ?? (async () => undefined);
  return {
    ...noEgress,
    log: silentLog,
    signal: new AbortController().signal,
    app: "app1",
    attempt: 1,
    pending: [0],
    attachments: async () => [] as readonly Blob[],
    addReceiptId: async () => undefined,
    setDesiredOnline: async () => undefined,
    subscriptions: async () => [],
    subscribe: async () => undefined,
    topicStatus: async () => undefined,
    ...overrides,
    commit: (more) => {
      commits += 1;
      return commit(more);
    },
    commits: () => commits,
  };
}

const refused = async () => {
  throw new Error("This test opens nothing");
};
/** Egress guard that refuses every connection. */
export const noEgress: Egress = { fetch: refused, connect: refused };

let sequence = 0;
/** Creates a valid mail with the given overrides. */
export function testMailActivity(overrides: Partial<Activity> = {}): Activity {
  sequence += 1;
  return {
    id: `01TEST${String(process.pid).padStart(8, "0")}${String(sequence).padStart(12, "0")}`,
    rid: `rid-${sequence}`,
    platform: "email",
    verb: "send",
    actor: { address: "bob@example.test", name: "Bob User" },
    target: [{ address: "alice@example.test", name: "Alice" }],
    object: { subject: "Hi", body: "Hello World!" },
    ...overrides,
  };
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
