import type { Activity } from "../../../model/activity.ts";
import { forEachTarget } from "../../../platform/kit/for-each-target.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import { type Client, idOfAnswer } from "../client/client.ts";
import type { GraphRequest } from "../client/graph.ts";
import { classifyError } from "../errors.ts";
import type { PostObject, ReplyObject, UpdateObject } from "../schemas/schemas.ts";

/** Posts once, whatever the target says: a post goes to everybody. */
export async function post(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { body, link, attachments: [photo] = [] } = activity.object as PostObject;
  const page = activity.actor.address;
  const content = photo
    ? { path: `${page}/photos`, body: { url: photo.url, ...(body === undefined ? {} : { caption: body }) } }
    : {
        path: `${page}/feed`,
        body: { ...(body === undefined ? {} : { message: body }), ...(link === undefined ? {} : { link }) },
      };
  const id = await client
    .request({ method: "POST", ...content, signal: context.signal, beforeSend: context.commit })
    .then((answer) => idOfAnswer(answer, "post_id", "id"))
    .catch((thrown: unknown) => {
      // An earlier try posted it, and only its answer was lost.
      if (context.attempt > 1 && classifyError(thrown).code === "duplicate-content") return undefined;
      throw thrown;
    });
  const known = id === undefined ? {} : { id };
  const outcomes = context.pending.map((at) => ({
    address: activity.target[at]?.address ?? "",
    status: "sent" as const,
    ...known,
  }));
  return { outcomes, object: { ...known, ...(id === undefined ? {} : { url: `https://www.facebook.com/${id}` }) } };
}

/** Comments on a post, or answers a comment. */
export function reply(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { body, attachments: [picture] = [] } = activity.object as ReplyObject;
  const said = {
    ...(body === undefined ? {} : { message: body }),
    ...(picture === undefined ? {} : { attachment_url: picture.url }),
  };
  return each(client, activity, context, (address) => ({ method: "POST", path: `${address}/comments`, body: said }));
}

/** Changes the words of an own post or comment. */
export function update(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { body } = activity.object as UpdateObject;
  return each(client, activity, context, (path) => ({
    method: "POST",
    path,
    body: { message: body },
    isIdempotent: true,
  }));
}

/** Deletes own posts, and comments on them. */
export function remove(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  return each(client, activity, context, (path) => ({ method: "DELETE", path, isIdempotent: true }));
}

/** Likes as the Page. */
export function react(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  return each(client, activity, context, (address) => ({
    method: "POST",
    path: `${address}/likes`,
    isIdempotent: true,
  }));
}

/** Takes the Page's like back. */
export function unreact(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  return each(client, activity, context, (address) => ({
    method: "DELETE",
    path: `${address}/likes`,
    isIdempotent: true,
  }));
}

function each(
  client: Client,
  activity: Activity,
  context: VerbContext,
  callFor: (address: string) => Omit<GraphRequest, "signal" | "beforeSend">,
): Promise<Receipt> {
  return forEachTarget(activity, context, { classifyError }, async (address, beforeSend) => {
    const call = callFor(address);
    const answer = await client.request({ ...call, signal: context.signal, beforeSend }).catch((thrown: unknown) => {
      // Gone is what was wanted, and an earlier try may have done it.
      if (call.method !== "DELETE" || context.attempt === 1 || classifyError(thrown).code !== "recipient-unknown")
        throw thrown;
      return {};
    });
    return idOfAnswer(answer, "id") ?? address;
  });
}
