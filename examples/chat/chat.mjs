// A chat client for every network that the gateway speaks, without a single `if` on the platform: what a network cannot do
// is learnt from `GET /platforms/{id}`. Node 20 or newer, no library.
//
//   DRAGOMAN_KEY=dgm_… node examples/chat/chat.mjs http://127.0.0.1:8000/gateway irc bob@irc.example.net '#lobby'
//
// Lines you type are sent to the room; /help lists the commands.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

/** Opens a chat for one account. `onEvent` receives every event of the account. */
export async function openChat({ base, key, platform, account, onEvent = () => undefined }) {
  const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/json" };
  const { capabilities } = await request(`/platforms/${platform}`);
  const closing = new AbortController();
  const following = follow();

  async function request(path, init = {}) {
    const response = await fetch(`${base}${path}`, { ...init, headers: { ...headers, ...init.headers } });
    const body = await response.json();
    if (response.ok) return body;
    throw Object.assign(new Error(body.detail ?? body.title), { code: body.code });
  }

  /** Whether the network knows a verb, a property of its object, and a value of that property. */
  function can(verb, property, value) {
    const known = capabilities.verbs[verb];
    if (!known || property === undefined) return known !== undefined;
    const { values } = known.object[property] ?? {};
    return property in known.object && (value === undefined || values === undefined || values.includes(value));
  }

  /** Posts an activity and waits for its result; undefined where the network cannot do it. */
  async function act(verb, target, object, [property, value] = []) {
    if (!can(verb, property, value)) return undefined;
    const activity = {
      platform,
      verb,
      actor: { address: account },
      target: target.map((address) => ({ address })),
      object,
    };
    const result = await request("/activities", {
      method: "POST",
      headers: { Prefer: "wait=30" },
      body: JSON.stringify(activity),
    });
    if (result.status === "sent") return result.object;
    const { error = result.target?.find((one) => one.error)?.error } = result;
    throw Object.assign(new Error(error?.detail ?? `the outcome is ${result.status}`), { code: error?.code });
  }

  /** Follows the account's events by long polling, from now on. */
  async function follow() {
    for (let after = "latest"; !closing.signal.aborted; ) {
      const query = new URLSearchParams({ after, wait: "25", actor: account, platform });
      const page = await request(`/events?${query}`, {
        headers: { Accept: "application/json" },
        signal: closing.signal,
      }).catch(() => undefined);
      for (const event of page?.events ?? []) onEvent(event);
      after = page?.cursor ?? after;
    }
  }

  return {
    can,
    join: (room, nick) => act("join", [room], can("join", "nick") && nick ? { nick } : {}),
    leave: (room) => act("leave", [room], {}),
    rooms: (directory) => act("query", directory ? [directory] : [], { type: "rooms" }, ["type", "rooms"]),
    members: (room) => act("query", [room], { type: "members" }, ["type", "members"]),
    topic: (room, body) => act("update", [room], { type: "topic", body }, ["type", "topic"]),
    send: (room, body, inReplyTo) =>
      act("send", [room], inReplyTo && can("send", "inReplyTo") ? { body, inReplyTo } : { body }),
    edit: (room, id, body) => act("update", [room], { id, body }, ["id"]),
    remove: (room, id) => act("delete", [room], { id }, ["id"]),
    react: (room, id, content) => act("react", [room], { id, content }, ["content"]),
    unreact: (room, id, content) => act("unreact", [room], { id, content }, ["content"]),
    typing: (room) => act("typing", [room], { state: "composing" }, ["state"]),
    history: (room, limit = 20) => act("fetch", [room], { limit }, ["limit"]),
    invite: (person, room) => act("invite", [person], { type: "room", address: room }, ["address"]),
    async close() {
      closing.abort();
      await following;
    },
  };
}

/** Writes an event as a line for people. */
export function lineOf({ type, verb, actor, object = {}, context, status, state, error }) {
  const who = actor?.name ?? actor?.address ?? "?";
  const where = context?.name ?? context?.id ?? "";
  if (type === "session") return `* ${state}${error ? `: ${error.detail}` : ""}`;
  if (type !== "activity") return `* ${type} ${status ?? ""}`;
  if (verb === "send" || verb === "post") return `${where} <${who}> ${object.body ?? "(no text)"}`;
  if (verb === "leave") return `${where} * ${who} left (${object.cause ?? "left"})`;
  return `${where} * ${who}: ${verb} ${object.body ?? object.content ?? object.name ?? ""}`;
}

const COMMANDS = {
  rooms: (chat, _room, [directory]) => chat.rooms(directory),
  members: (chat, room) => chat.members(room),
  topic: (chat, room, words) => chat.topic(room, words.join(" ")),
  edit: (chat, room, [id, ...words]) => chat.edit(room, id, words.join(" ")),
  delete: (chat, room, [id]) => chat.remove(room, id),
  react: (chat, room, [id, content]) => chat.react(room, id, content),
  typing: (chat, room) => chat.typing(room),
  history: (chat, room) => chat.history(room),
  invite: (chat, room, [person]) => chat.invite(person, room),
};

async function main([base, platform, account, room]) {
  const key = process.env.DRAGOMAN_KEY;
  if (!key || !room) throw new Error("usage: DRAGOMAN_KEY=… node chat.mjs BASE PLATFORM ACCOUNT ROOM");
  const chat = await openChat({ base, key, platform, account, onEvent: (event) => console.log(lineOf(event)) });
  if (chat.can("join")) await chat.join(room);
  for await (const line of createInterface({ input: process.stdin })) {
    const [, name, rest] = /^\/(\w+)\s*(.*)$/.exec(line) ?? [];
    const run = name === undefined ? () => chat.send(room, line) : COMMANDS[name];
    if (!run)
      console.log(
        `commands: ${Object.keys(COMMANDS)
          .map((command) => `/${command}`)
          .join(" ")}`,
      );
    else
      await Promise.resolve(run(chat, room, (rest ?? "").split(" ").filter(Boolean))).then(
        (object) => console.log(object === undefined ? "* this network cannot do that" : JSON.stringify(object)),
        ({ message }) => console.log(`* ${message}`),
      );
  }
  await chat.close();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(process.argv.slice(2));
