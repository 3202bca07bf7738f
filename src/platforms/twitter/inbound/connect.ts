import type { Failure } from "../../../model/failure.ts";
import type { ConnectionContext } from "../../../platform/connection.ts";
import { failureWith } from "../../../platform/kit/error-table.ts";
import { type Client, type ClientSettings, openClient } from "../client/client.ts";
import { STREAM_DELAYS, type StreamDelays } from "../client/stream-backoff.ts";
import type { Credentials } from "../credentials.ts";
import { classifyError } from "../errors.ts";
import { POLL_INTERVAL, type PollInterval } from "./poll-loop.ts";
import { openSubscriptions } from "./subscriptions.ts";

export interface TwitterSettings extends ClientSettings {
  /** Pause between two polls of a subscription. */
  readonly xPollInterval?: PollInterval;
  readonly xStreamDelays?: StreamDelays;
}

/** Checks the account's login and resumes its subscriptions. */
export async function connect(context: ConnectionContext<Credentials>, settings: TwitterSettings): Promise<Client> {
  const client = openClient(context, settings);
  // An invalid login shows here, not at the first poll some minutes later.
  await client.verify(context.signal).catch((thrown: unknown) => {
    throw finalIfExpired(classifyError(thrown));
  });
  const { xPollInterval = POLL_INTERVAL, xStreamDelays = STREAM_DELAYS } = settings;
  return { ...client, subscriptions: await openSubscriptions(context, client, xPollInterval, xStreamDelays) };
}

/** Makes expired credentials final. The store was just read, so no worker can have renewed the credentials. */
function finalIfExpired(failure: Failure): Failure {
  return failure.code === "credentials-expired" ? failureWith(failure, { kind: "auth" }) : failure;
}
