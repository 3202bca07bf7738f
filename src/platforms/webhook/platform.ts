import { Webhook } from "standardwebhooks";
import type { Activity } from "../../model/activity.ts";
import {
  definePlatform,
  defineVerb,
  type Outcome,
  outcomeOf,
  type Platform,
  type Receipt,
  type ValidationIssue,
  type VerbContext,
} from "../../platform/platform.ts";
import { classifyError, statusFailure, withoutDoubt } from "./errors.ts";
import { SEND_EXAMPLE, type SendObject, SendShape, WebhookCredentials } from "./schemas/send.ts";

/** What `open` makes of an account: the signer, where a secret is stored. */
interface Signer {
  readonly webhook: Webhook | undefined;
}

const PATIENCE_MS = 30_000;
const MOST_BYTES = 1024 * 1024;

/** One-off posts to web addresses, signed by the Standard Webhooks rules where a secret is stored for the actor. */
export function webhook(): Platform {
  return definePlatform({
    id: "webhook",
    title: "Webhook",
    needsAccount: false,
    lifetimeSeconds: 86_400,
    credentials: {
      schema: WebhookCredentials,
      example: { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" },
    },
    createClient: async ({ credentials }): Promise<Signer> => ({
      webhook: credentials === undefined ? undefined : new Webhook(credentials.secret),
    }),
    verbs: {
      send: defineVerb({
        summary: "Posts JSON or text to each address, once for each webhook-id",
        schema: SendShape,
        example: SEND_EXAMPLE,
        run: async (client: Signer, activity, context) => {
          await context.commit();
          return posted(client, activity, context);
        },
      }),
    },
    // Whoever died over it left a post that may be repeated, see `withoutDoubt`.
    recover: posted,
    validate: refuse,
    classifyError,
  });
}

async function posted(client: Signer, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { json, body = JSON.stringify(json), mediaType = "text/plain; charset=utf-8" } = activity.object as SendObject;
  const type = json === undefined ? mediaType : "application/json";
  const outcomes = await Promise.all(
    context.pending.map(async (at): Promise<Outcome> => {
      const address = activity.target[at]?.address ?? "";
      try {
        await post(client, address, { id: activity.id, type, body }, context);
        return { address, status: "sent", id: activity.id };
      } catch (thrown) {
        context.signal.throwIfAborted();
        return outcomeOf(address, withoutDoubt(classifyError(thrown)));
      }
    }),
  );
  return { outcomes };
}

async function post(
  { webhook }: Signer,
  address: string,
  { id, type, body }: { readonly id: string; readonly type: string; readonly body: string },
  context: VerbContext,
): Promise<void> {
  const at = new Date();
  const answer = await context.fetch(address, {
    method: "POST",
    headers: {
      "content-type": type,
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1_000)),
      ...(webhook === undefined ? {} : { "webhook-signature": webhook.sign(id, at, body) }),
    },
    body,
    signal: context.signal,
    timeoutMs: PATIENCE_MS,
    maxBytes: MOST_BYTES,
    maxRedirects: 0,
  });
  if (answer.status < 200 || answer.status > 299) throw statusFailure(answer.status, answer.headers["retry-after"]);
}

/** Refuses what no schema says: nothing or two things to post, and addresses that can't be opened. */
function refuse(_verb: string, { target, object }: Pick<Activity, "target" | "object">): ValidationIssue | undefined {
  if ((object.json === undefined) === (object.body === undefined)) {
    return { code: "validation-failed", detail: "must have either json or body", pointer: "/object" };
  }
  const bad = target.findIndex(({ address }) => !isOpenable(address));
  if (bad < 0) return undefined;
  const detail = "must be a complete http or https address without a login";
  return { code: "validation-failed", detail, pointer: `/target/${bad}/address` };
}

function isOpenable(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { username, password } = new URL(address);
  return username === "" && password === "";
}
