import type { IrcMessage } from "irc-framework";
import type { Activity } from "../../../model/activity.ts";
import { readEachTarget } from "../../../platform/kit/read-each-target.ts";
import type { Receipt, VerbContext } from "../../../platform/platform.ts";
import type { Client } from "../client/client.ts";
import type { Answered } from "../client/request-queue.ts";
import { classifyError } from "../errors.ts";

/** Entries of a list in a result: an event of the log has its bounds. */
const ENTRIES_MOST = 2_000;
const RESULT_BYTES = 200_000;

/** Asks the network who is in a channel, who somebody is, or which channels there are; changes nothing. */
export async function query(client: Client, activity: Activity, context: VerbContext): Promise<Receipt> {
  const { type = "attendance", match } = activity.object as { readonly type?: string; readonly match?: string };
  if (type === "rooms") {
    const answer = await asked(client, `LIST${match === undefined ? "" : ` ${match}`}`, context.signal);
    return { outcomes: [], object: listed("rooms", answer.messages.flatMap(roomIn), answer.cut) };
  }
  const read = async (address: string) => {
    const answer = await asked(client, `${type === "person" ? "WHOIS" : "NAMES"} ${address}`, context.signal);
    return type === "person"
      ? person(address, answer)
      : listed("attendance", answer.messages.flatMap(members), answer.cut);
  };
  const { outcomes, values } = await readEachTarget(activity, context, 1, read, classifyError);
  return { outcomes, object: values[0] ?? {} };
}

async function asked({ ask, refusal }: Client, line: string, signal: AbortSignal): Promise<Answered> {
  const answer = await ask({ lines: [line], signal });
  const refused = refusal(answer.messages);
  if (refused) throw refused;
  return answer;
}

function listed(type: string, all: readonly object[], cut: boolean): Readonly<Record<string, unknown>> {
  const entries: object[] = [];
  let bytes = 0;
  for (const entry of all.slice(0, ENTRIES_MOST)) {
    bytes += Buffer.byteLength(JSON.stringify(entry));
    if (bytes > RESULT_BYTES) break;
    entries.push(entry);
  }
  return { type, entries, total: all.length, complete: !cut && entries.length === all.length };
}

/** What the marks before a name mean, the mightiest first. */
const ROLES: Readonly<Record<string, string>> = {
  "~": "owner",
  "&": "admin",
  "@": "operator",
  "%": "half-operator",
  "+": "voice",
};

function members({ command, params }: IrcMessage): readonly object[] {
  if (command !== "353") return [];
  return (params.at(-1) ?? "")
    .split(" ")
    .filter((name) => name !== "")
    .map((name) => {
      const [, marks = "", address = ""] = /^([~&@%+]*)([^!]*)/.exec(name) ?? [];
      const role = ROLES[marks.charAt(0)];
      return { address, ...(role === undefined ? {} : { role }) };
    });
}

function roomIn({ command, params }: IrcMessage): readonly object[] {
  if (command !== "322") return [];
  const [, address = "", people = "0", topic = ""] = params;
  return [{ address, people: Number.parseInt(people, 10) || 0, ...(topic === "" ? {} : { topic }) }];
}

/** What each reply to WHOIS adds. */
const FACTS: Readonly<Record<string, (params: readonly string[]) => object>> = {
  "301": (params) => ({ away: params.at(-1) }),
  "307": () => ({ registered: true }),
  "311": ([, address, user, host, , name]) => ({ address, user, host, name }),
  "312": ([, , server, about]) => ({ server, about }),
  "313": () => ({ operator: true }),
  "317": ([, , idle, since]) => ({
    idleSeconds: Number.parseInt(idle ?? "", 10) || 0,
    ...(/^\d{9,11}$/.test(since ?? "") ? { since: new Date(Number(since) * 1_000).toISOString() } : {}),
  }),
  "330": ([, , account]) => ({ account }),
  "335": () => ({ bot: true }),
  "671": () => ({ secure: true }),
};

function person(address: string, { messages }: Answered): Readonly<Record<string, unknown>> {
  const rooms = messages
    .filter(({ command }) => command === "319")
    .flatMap(({ params }) => (params.at(-1) ?? "").split(" "))
    .map((name) => name.replace(/^[~&@%+!]*(?=[#&+!])/, ""))
    .filter((name) => name !== "")
    .slice(0, 200);
  const facts = messages.map(({ command, params }) => (Object.hasOwn(FACTS, command) ? FACTS[command]?.(params) : {}));
  return { type: "person", address, ...Object.assign({}, ...facts), rooms };
}
