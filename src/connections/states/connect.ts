import type { Failure } from "../../model/failure.ts";
import { attemptContext } from "../attempt-context.ts";
import { connectionAttempt } from "../connection-attempt.ts";
import type { ConnectionParts } from "../connection-parts.ts";
import type { Connecting, State } from "../connection-state.ts";
import { link } from "../link.ts";

const CONNECT_TIMEOUT_MS = 60_000;

/** Connects as soon as other accounts leave room; apps take turns. */
export async function connect(parts: ConnectionParts, { account, platform }: Connecting): Promise<State> {
  const { access, backoff, closing, connecting, login, owner, publisher } = parts;
  access.set({ kind: "connecting" });
  await connecting.acquire(closing, owner.app);
  try {
    if (!backoff.hasFailed) await publisher.publish(account, "connecting");
    const context = {
      ...(await attemptContext(parts, owner, account, login)),
      reportProblem: (problem: Failure | undefined) => publisher.publishProblem(account, problem),
    };
    const linked = link(parts, connectionAttempt(platform, context, closing, CONNECT_TIMEOUT_MS));
    return await linked.attempt.online.then(
      (client): State => ({ name: "online", account, link: linked, client }),
      (): State => ({ name: "disconnecting", account, link: linked, onlineSince: undefined }),
    );
  } finally {
    connecting.release(owner.app);
  }
}
