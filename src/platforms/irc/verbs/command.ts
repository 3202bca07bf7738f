import type { IrcMessage } from "irc-framework";
import type { Activity } from "../../../model/activity.ts";
import { type Outcome, outcomeOf, type VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import { classifyError, outcomeUnknown } from "../errors.ts";

/** A command that changes something, with the reading of its response. */
export interface Command {
  readonly address: string;
  readonly line: string;
  /** Called after the commit, before the line is sent. */
  readonly prepare?: () => Promise<void>;
  /** Refusals which mean that the wanted state existed already. */
  readonly acceptedRefusals?: readonly string[];
  /** Recognises the command's effect, which proves success whatever else the server said. */
  readonly isEffect?: (message: IrcMessage) => boolean;
}

export interface CommandResult {
  readonly outcome: Outcome;
  readonly messages: readonly IrcMessage[];
}

/** Sends a command after the commit. Throws errors from before the line was sent. */
export async function runCommand(
  client: Client,
  { address, line, prepare, acceptedRefusals = [], isEffect = () => false }: Command,
  { signal }: Pick<VerbContext, "signal">,
  commit: () => Promise<void>,
): Promise<CommandResult> {
  let isSent = false;
  const beforeSend = async (): Promise<void> => {
    await commit();
    await prepare?.();
  };
  const onWrite = () => {
    isSent = true;
  };
  try {
    const { messages } = await client.request({ lines: [line], signal, beforeSend, onWrite });
    const refused = messages.some(isEffect)
      ? undefined
      : client.refusal(
          messages.filter(({ command }) => !acceptedRefusals.includes(command)),
          [line],
        );
    return { outcome: refused ? outcomeOf(address, classifyError(refused)) : { address, status: "sent" }, messages };
  } catch (thrown) {
    if (!isSent) throw thrown;
    return { outcome: outcomeOf(address, outcomeUnknown(thrown)), messages: [] };
  }
}

/**
 * Runs an action for each pending target, with a single commit before the first byte. Once committed, a failure is that
 * target's alone; before, the failure is thrown.
 */
export async function runForTargets<Result extends { readonly outcome: Outcome }>(
  { target }: Pick<Activity, "target">,
  context: Pick<VerbContext, "pending" | "commit">,
  action: (address: string, commit: () => Promise<void>) => Promise<Result>,
): Promise<ReadonlyArray<Result | { readonly outcome: Outcome }>> {
  let isCommitted = false;
  const commit = async (): Promise<void> => {
    if (isCommitted) return;
    await context.commit();
    isCommitted = true;
  };
  const results: Array<Result | { readonly outcome: Outcome }> = [];
  for (const index of context.pending) {
    const address = target[index]?.address ?? "";
    results.push(
      await action(address, commit).catch((thrown: unknown) => {
        if (!isCommitted) throw thrown;
        return { outcome: outcomeOf(address, classifyError(thrown)) };
      }),
    );
  }
  return results;
}
