/** Person known to the simulator. */
export interface XPerson {
  readonly id: string;
  readonly username: string;
  readonly name: string;
}
interface Post {
  readonly id: string;
  readonly text: string;
  readonly author: string;
  readonly at: number;
  readonly references: ReadonlyArray<{ readonly type: string; readonly id: string }>;
  readonly media: readonly string[];
}
interface Message {
  readonly id: string;
  readonly text: string;
  readonly from: string;
  readonly conversation: string;
  readonly at: number;
  readonly media: readonly string[];
}
export interface XAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
export interface XCall {
  readonly endpoint: string;
  readonly ids: readonly string[];
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  /** Id of the calling user. */
  readonly me: string;
}

const EPOCH = 1_288_834_974_657n;
export const problem = (status: number, type: string, detail: string): XAnswer => ({
  status,
  body: {
    title: type,
    detail,
    type: type === "about:blank" ? type : `https://api.x.com/2/problems/${type}`,
    status,
    ...(type === "resource-not-found" ? { resource_type: "post" } : {}),
  },
});
const nobody = problem(404, "resource-not-found", "Could not find it.");
const ok = (data: unknown, status = 200): XAnswer => ({ status, body: { data } });

/** State and operations of the simulator: people, posts, messages, media. Answers follow X's document. */
export function xState(
  people: readonly XPerson[],
  onPost: (post: { id: string; text: string }) => void = () => undefined,
) {
  const posts: Post[] = [];
  const messages: Message[] = [];
  const likes = new Set<string>();
  const follows = new Set<string>();
  const media = new Map<string, { type: string; category: string; total: number; chunks: Buffer[]; looks: number }>();
  let sequence = 0n;
  const newId = (at = Date.now()): string => {
    sequence += 1n;
    return (((BigInt(at) - EPOCH) << 22n) + sequence).toString();
  };
  const person = (id: string) => people.find((candidate) => candidate.id === id);
  const conversationOf = (a: string, b: string) => [a, b].sort((x, y) => (BigInt(x) < BigInt(y) ? -1 : 1)).join("-");

  function addPost(author: string, text: string, more: Partial<Post> = {}): string {
    const post = { id: newId(), text, author, at: Date.now(), references: [], media: [], ...more };
    posts.push(post);
    onPost(postOut(post));
    return post.id;
  }
  function addMessage(from: string, conversation: string, text: string, more: Partial<Message> = {}): string {
    const message = { id: newId(), text, from, conversation, at: Date.now(), media: [], ...more };
    messages.push(message);
    return message.id;
  }

  function list<One extends { readonly id: string }>(
    all: readonly One[],
    query: URLSearchParams,
    write: (item: One) => object,
  ): XAnswer {
    const [since, until, token] = ["since_id", "until_id", "pagination_token"].map((name) => query.get(name));
    const end = token?.replace(/^page-0*/, "") ?? until;
    const newest = all
      .filter(({ id }) => (!since || BigInt(id) > BigInt(since)) && (!end || BigInt(id) < BigInt(end)))
      .sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? 1 : -1));
    const page = newest.slice(0, Number(query.get("max_results") ?? 10));
    const last = page.at(-1);
    const more = last && newest.length > page.length ? { next_token: `page-${last.id.padStart(24, "0")}` } : {};
    const data = page.map(write);
    const includes = { users: people, ...referenced(data) };
    const meta = { result_count: page.length, ...more };
    return { status: 200, body: { ...(data.length === 0 ? {} : { data }), includes, meta } };
  }
  /** Posts that other posts of a page refer to, as the expansion `referenced_posts` includes them. */
  function referenced(page: readonly object[]): object {
    const ids = page.flatMap((item) => (item as { referenced_posts?: Post["references"] }).referenced_posts ?? []);
    const originals = posts.filter(({ id }) => ids.some((reference) => reference.id === id));
    return originals.length === 0 ? {} : { posts: originals.map(postOut) };
  }
  const carried = (media: readonly string[]) =>
    media.length === 0 ? {} : { attachments: { media_keys: media.map((id) => `3_${id}`) } };
  const postOut = ({ id, text, author, at, references, media: files }: Post) => ({
    id,
    text: text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
    author_id: author,
    created_at: new Date(at).toISOString(),
    conversation_id: id,
    ...(references.length === 0 ? {} : { referenced_posts: references }),
    ...carried(files),
  });
  const messageOut = ({ id, text, from, conversation, at, media: files }: Message) => ({
    id,
    event_type: "MessageCreate",
    text,
    sender_id: from,
    dm_conversation_id: conversation,
    created_at: new Date(at).toISOString(),
    ...carried(files),
  });
  const isParticipant = ({ conversation }: Message, me: string) =>
    !conversation.includes("-") || conversation.split("-").includes(me);

  function newPost({ body, me }: XCall): XAnswer {
    const { text = "", reply, quote_tweet_id: quote, media: files } = body as Readonly<Record<string, never>>;
    const content = String(text);
    const names = ((files as { media_ids?: string[] } | undefined)?.media_ids ?? []).map(String);
    if (names.some((id) => !media.has(id))) return problem(400, "invalid-request", "Your media IDs are invalid.");
    if (content !== "" && posts.some((post) => post.author === me && post.text === content)) {
      return problem(403, "about:blank", "You are not allowed to create a Tweet with duplicate content.");
    }
    const answered = (reply as { in_reply_to_tweet_id?: string } | undefined)?.in_reply_to_tweet_id;
    const references = [
      ...(answered === undefined ? [] : [{ type: "replied_to", id: answered }]),
      ...(quote === undefined ? [] : [{ type: "quoted", id: String(quote) }]),
    ];
    const id = addPost(me, content, { references, media: names });
    return ok({ id, text: content }, 201);
  }
  function newMessage(conversation: string, { body, me }: XCall): XAnswer {
    const files = (body.attachments ?? []) as ReadonlyArray<{ readonly media_id: string }>;
    const id = addMessage(me, conversation, String(body.text ?? ""), { media: files.map((file) => file.media_id) });
    return ok({ dm_conversation_id: conversation, dm_event_id: id }, 201);
  }
  function removed<One extends { readonly id: string }>(all: One[], fits: (item: One) => boolean): XAnswer {
    const at = all.findIndex(fits);
    if (at < 0) return nobody;
    all.splice(at, 1);
    return ok({ deleted: true });
  }
  function toggled(set: Set<string>, key: string, on: boolean, data: object): XAnswer {
    if (on) set.add(key);
    else set.delete(key);
    return ok(data);
  }
  function mediaAnswer({ endpoint, ids: [id = ""], body, query }: XCall): XAnswer {
    if (endpoint.endsWith("/initialize")) {
      const key = newId();
      const { media_type: type, media_category: category, total_bytes: total } = body;
      media.set(key, { type: String(type), category: String(category), total: Number(total), chunks: [], looks: 0 });
      return ok({ id: key, media_key: `3_${key}` });
    }
    const file = media.get(id || String(query.get("media_id")));
    if (!file) return nobody;
    if (endpoint.endsWith("/append")) {
      file.chunks[Number(body.segment_index)] = body.media as Buffer;
      return ok({ expires_at: 1 });
    }
    if (endpoint.endsWith("/finalize") && Buffer.concat(file.chunks).length !== file.total) {
      return problem(400, "invalid-request", "The media is not complete.");
    }
    file.looks += 1;
    const busy = file.type.startsWith("video/") && file.looks < 2;
    const info = file.type.startsWith("video/")
      ? { processing_info: { state: busy ? "pending" : "succeeded", check_after_secs: 1 } }
      : {};
    return ok({ id: id || String(query.get("media_id")), ...info });
  }

  const handlers: Readonly<Record<string, (call: XCall) => XAnswer>> = {
    "GET /2/users/me": ({ me }) => ok(person(me)),
    "GET /2/users/{id}": ({ ids: [id = ""] }) => (person(id) ? ok(person(id)) : nobody),
    "GET /2/users/by/username/{username}": ({ ids: [name] }) => {
      const found = people.find(({ username }) => username.toLowerCase() === name?.toLowerCase());
      // X says this with status 200.
      return found
        ? ok(found)
        : { status: 200, body: { errors: [problem(404, "resource-not-found", `No user ${name}`).body] } };
    },
    "GET /2/users/search": ({ query }) => {
      const data = people.filter(({ username }) => username.includes(query.get("query") ?? ""));
      return { status: 200, body: { data, meta: { result_count: data.length } } };
    },
    "POST /2/tweets": newPost,
    "DELETE /2/tweets/{id}": ({ ids: [id], me }) => removed(posts, (post) => post.id === id && post.author === me),
    "POST /2/users/{id}/retweets": ({ body, me }) => {
      const id = addPost(me, "RT", { references: [{ type: "retweeted", id: String(body.tweet_id) }] });
      return ok({ retweeted: true, rest_id: id });
    },
    "DELETE /2/users/{id}/retweets/{source_tweet_id}": ({ ids: [, id], me }) => {
      removed(posts, ({ author, references }) => author === me && references.some((reference) => reference.id === id));
      return ok({ retweeted: false });
    },
    "POST /2/users/{id}/likes": ({ body, me }) => toggled(likes, `${me} ${body.tweet_id}`, true, { liked: true }),
    "DELETE /2/users/{id}/likes/{tweet_id}": ({ ids: [, id], me }) =>
      toggled(likes, `${me} ${id}`, false, { liked: false }),
    "POST /2/users/{id}/following": ({ body, me }) =>
      toggled(follows, `${me} ${body.target_user_id}`, true, { following: true, pending_follow: false }),
    "DELETE /2/users/{source_user_id}/following/{target_user_id}": ({ ids: [, id], me }) =>
      toggled(follows, `${me} ${id}`, false, { following: false }),
    "GET /2/users/{id}/mentions": ({ ids: [id = ""], query }) =>
      list(
        posts.filter(({ text }) => text.includes(`@${person(id)?.username}`)),
        query,
        postOut,
      ),
    "GET /2/users/{id}/tweets": ({ ids: [id], query }) =>
      list(
        posts.filter(({ author }) => author === id),
        query,
        postOut,
      ),
    "GET /2/users/{id}/timelines/reverse_chronological": ({ query }) => list(posts, query, postOut),
    "GET /2/tweets/search/recent": ({ query }) => {
      const term = query.get("query") ?? "";
      const thread = /^conversation_id:(\d+)$/.exec(term)?.[1];
      return list(
        posts.filter(({ id, text }) => (thread === undefined ? text.includes(term) : id === thread)),
        query,
        postOut,
      );
    },
    "GET /2/dm_events": ({ query, me }) =>
      list(
        messages.filter((message) => isParticipant(message, me)),
        query,
        messageOut,
      ),
    "GET /2/dm_conversations/with/{participant_id}/dm_events": ({ ids: [id = ""], query, me }) =>
      list(
        messages.filter(({ conversation }) => conversation === conversationOf(me, id)),
        query,
        messageOut,
      ),
    "GET /2/dm_conversations/{id}/dm_events": ({ ids: [id], query }) =>
      list(
        messages.filter(({ conversation }) => conversation === id),
        query,
        messageOut,
      ),
    "POST /2/dm_conversations/with/{participant_id}/messages": (call) =>
      person(call.ids[0] ?? "")
        ? newMessage(conversationOf(call.me, call.ids[0] ?? ""), call)
        : problem(403, "about:blank", "You do not have permission to DM one or more participants."),
    "POST /2/dm_conversations/{dm_conversation_id}/messages": (call) => newMessage(call.ids[0] ?? "", call),
    "DELETE /2/dm_events/{event_id}": ({ ids: [id] }) => removed(messages, (message) => message.id === id),
    "POST /2/media/upload/initialize": mediaAnswer,
    "POST /2/media/upload/{id}/append": mediaAnswer,
    "POST /2/media/upload/{id}/finalize": mediaAnswer,
    "GET /2/media/upload": mediaAnswer,
  };

  return { posts, messages, likes, follows, media, addPost, addMessage, conversationOf, deeds: handlers };
}
