import type { Activity } from "../../src/model/activity.ts";
import { validationErrors } from "../../src/model/validate.ts";
import type { Platform, Receipt, VerbContext } from "../../src/platform/platform.ts";
import { TIMEOUTS, type Timeouts } from "../../src/platforms/irc/client/timeouts.ts";
import { irc } from "../../src/platforms/irc/platform.ts";
import { type TestConnectionContext, testConnectionContext } from "./connection-context.ts";
import { testVerbContext } from "./verb-context.ts";
import { watchResult } from "./vocabulary-watch.ts";

/** An account of the IRC platform on a server of a test, without the core. */
export interface IrcAccount {
  readonly connectionContext: TestConnectionContext;
  /** Checks and carries out a verb, as the core would. Rejects with the explained failure. */
  readonly run: (
    verb: string,
    target: string | readonly string[],
    object: Readonly<Record<string, unknown>>,
    context?: Partial<VerbContext>,
  ) => Promise<Receipt>;
  readonly nick: () => string;
  readonly recover: (verb: string, target: string, object?: object) => Promise<Receipt | undefined>;
  readonly close: () => Promise<void>;
}

export interface IrcAccountOptions {
  readonly port: number;
  readonly nick?: string;
  readonly credentials?: Readonly<Record<string, unknown>>;
  readonly timeouts?: Partial<Timeouts>;
  /** Previous connection of the account, whose state is continued. */
  readonly after?: IrcAccount;
  readonly connectionContext?: Partial<TestConnectionContext>;
}

/** Connects an account; rejects with the classified failure. */
export async function ircAccount({
  port,
  nick = "bob",
  credentials = {},
  timeouts,
  after,
  connectionContext: more,
}: IrcAccountOptions): Promise<IrcAccount> {
  const platform = irc({ ircTimeouts: { ...TIMEOUTS, ...timeouts } });
  const login = { host: "127.0.0.1", port, tls: "none", pace: { burst: 1_000, interval: 0 }, ...credentials };
  const fits = validationErrors(platform.credentials?.schema as never, login);
  if (fits.length > 0) throw new Error(JSON.stringify(fits));
  const connectionContext = testConnectionContext({
    address: `${nick}@test`,
    credentials: login,
    ...(after === undefined ? {} : { stateOf: after.connectionContext }),
    ...more,
  });
  const client = await explained(platform, () => platform.connect?.(connectionContext as never) as Promise<unknown>);
  const activityOf = (verb: string, target: string | readonly string[], object: object): Activity => ({
    id: "01TEST",
    rid: "1",
    platform: "irc",
    verb,
    actor: { address: `${nick}@test` },
    target: [target].flat().map((address) => ({ address })),
    object: object as Activity["object"],
  });
  return {
    connectionContext,
    nick: () => (client as { readonly nick: () => string }).nick(),
    run: (verb, target, object, context = {}) => {
      const activity = activityOf(verb, target, object);
      const { schema, run } = platform.verbs[verb] ?? {};
      const { actor, target: to } = activity;
      const wrong = validationErrors(schema as never, { actor, target: to, object });
      const refused = wrong[0] ?? platform.validate?.(verb, activity);
      if (refused) throw new Error(JSON.stringify(refused));
      const pending = activity.target.map((_, index) => index);
      return explained(
        platform,
        async () => run?.(client, activity, testVerbContext({ pending, ...context })) as Promise<Receipt>,
      ).then((receipt) => {
        watchResult({ platform: "irc", verb, ...receipt });
        return receipt;
      });
    },
    recover: async (verb, target, object = {}) =>
      platform.recover?.(client, activityOf(verb, target === "" ? [] : target, object), testVerbContext()),
    close: async () => platform.dispose?.(client),
  };
}

async function explained<T>(platform: Platform, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw platform.classifyError(thrown);
  }
}
