import type { Activity } from "../../src/model/activity.ts";
import { silentLog } from "../../src/model/log.ts";
import type { Blob, Egress, VerbContext } from "../../src/platform/platform.ts";

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
