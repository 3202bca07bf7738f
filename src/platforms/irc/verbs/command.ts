import type { IrcMessage } from "irc-framework";
import type { VerbContext } from "../../../platform/platform.ts";
import { type Outcome, outcomeOf } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { classifyError, outcomeUnknown } from "../errors.ts";

/** One command that changes something, and how its answer is read. */
export interface Deed {
  readonly address: string;
  readonly line: string;
  /** Called after the commit, before the line leaves. */
  readonly prepare?: () => Promise<void>;
  /** Refusals that mean that it was so already. */
  readonly fine?: readonly string[];
}

/** Does it once, after the commit. Throws what happened before it left. */
export async function done(
  { ask, refusal }: Client,
  { address, line, prepare, fine = [] }: Deed,
  { signal }: Pick<VerbContext, "signal">,
  commit: () => Promise<void>,
): Promise<{ readonly outcome: Outcome; readonly messages: readonly IrcMessage[] }> {
  let left = false;
  const before = async (): Promise<void> => {
    await commit();
    await prepare?.();
  };
  const onWrite = () => {
    left = true;
  };
  try {
    const { messages } = await ask({ lines: [line], signal, before, onWrite });
    const refused = refusal(messages.filter(({ command }) => !fine.includes(command)));
    return { outcome: refused ? outcomeOf(address, classifyError(refused)) : { address, status: "sent" }, messages };
  } catch (thrown) {
    if (!left) throw thrown;
    return { outcome: outcomeOf(address, outcomeUnknown(thrown)), messages: [] };
  }
}

/** The commit of several deeds: made once; whether it was made decides who reports a failure. */
export function committing(context: Pick<VerbContext, "commit">): {
  readonly commit: () => Promise<void>;
  readonly made: () => boolean;
} {
  let made = false;
  return {
    commit: async () => {
      if (made) return;
      await context.commit();
      made = true;
    },
    made: () => made,
  };
}

/** Does one after the other for each pending target; once something is committed a failure is that target's alone. */
export async function each<Result extends { readonly outcome: Outcome }>(
  addresses: readonly string[],
  made: () => boolean,
  act: (address: string) => Promise<Result>,
): Promise<ReadonlyArray<Result | { readonly outcome: Outcome }>> {
  const results: Array<Result | { readonly outcome: Outcome }> = [];
  for (const address of addresses) {
    results.push(
      await act(address).catch((thrown: unknown) => {
        if (!made()) throw thrown;
        return { outcome: outcomeOf(address, classifyError(thrown)) };
      }),
    );
  }
  return results;
}
