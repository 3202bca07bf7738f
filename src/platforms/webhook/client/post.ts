import { Webhook } from "standardwebhooks";
import type { VerbContext } from "../../../platform/platform.ts";
import { statusFailure } from "../errors.ts";

/** Signer of one actor's posts; without a stored secret they go out unsigned. */
export interface Signer {
  readonly webhook: Webhook | undefined;
}

/** Body of a post, its media type, and the `webhook-id` by which receivers drop duplicates. */
export interface Content {
  readonly id: string;
  readonly type: string;
  readonly body: string;
}

const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 1024 * 1024;

/** Creates a signer of the secret, if there is one. */
export function createSigner(secret: string | undefined): Signer {
  return { webhook: secret === undefined ? undefined : new Webhook(secret) };
}

/** Posts the content to an address. Redirects are not followed. Throws a `Failure` unless the answer is 2xx. */
export async function post(
  { webhook }: Signer,
  address: string,
  { id, type, body }: Content,
  context: Pick<VerbContext, "fetch" | "signal">,
): Promise<void> {
  const now = new Date();
  const answer = await context.fetch(address, {
    method: "POST",
    headers: {
      "content-type": type,
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
      ...(webhook === undefined ? {} : { "webhook-signature": webhook.sign(id, now, body) }),
    },
    body,
    signal: context.signal,
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_ANSWER_BYTES,
    maxRedirects: 0,
  });
  if (answer.status < 200 || answer.status > 299) throw statusFailure(answer.status, answer.headers["retry-after"]);
}
