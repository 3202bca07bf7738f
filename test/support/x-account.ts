import type { Activity } from "../../src/model/activity.ts";
import { silentLog } from "../../src/model/log.ts";
import type { AccountContext, Platform, Receipt, VerbContext } from "../../src/platform/platform.ts";
import { twitter } from "../../src/platforms/twitter/platform.ts";
import { loopbackEgress } from "./loopback-egress.ts";
import { testMailActivity, testVerbContext } from "./verb-context.ts";
import { watchResult } from "./vocabulary-watch.ts";
import { oauth1Of, xSimulator } from "./x-simulator.ts";

/** Starts a simulator of X with an account of bob, whose client runs verbs. */
export async function xAccount(options: Parameters<typeof xSimulator>[0] = {}) {
  const server = await xSimulator(options);
  const platform = twitter({ xApi: server.origin });
  const egress = loopbackEgress();
  const clients: unknown[] = [];

  async function open(credentials: unknown = oauth1Of("12"), more: Partial<AccountContext<never>> = {}) {
    const access = { app: "app1", credentials: credentials as never, egress, log: silentLog, ...more };
    const client = await platform.createClient?.(access);
    clients.push(client);
    /** Runs a verb; throws the platform's classified failure. */
    return async (
      verb: string,
      overrides: Partial<Activity> = {},
      context: Partial<VerbContext> = {},
    ): Promise<Receipt> => {
      const built = activityOf(platform, verb, overrides);
      const pending = built.target.map((_, index) => index);
      const run = platform.verbs[verb]?.run;
      if (!run) throw new Error("No such verb");
      const receipt = await run(client, built, testVerbContext({ ...egress, pending, ...context })).catch(
        (thrown: unknown) => {
          throw platform.classifyError(thrown);
        },
      );
      watchResult({ platform: platform.id, verb, ...receipt });
      return receipt;
    };
  }

  return {
    server,
    platform,
    egress,
    open,
    stop: async () => {
      for (const client of clients) await platform.dispose?.(client);
      await egress.close();
      await server.stop();
    },
  };
}

/** Creates an activity of bob: the verb's example with the given overrides. */
export function activityOf(platform: Platform, verb: string, overrides: Partial<Activity> = {}): Activity {
  const example = platform.verbs[verb]?.example as Partial<Activity>;
  return testMailActivity({ target: [], object: {}, ...example, platform: "twitter", verb, ...overrides });
}
