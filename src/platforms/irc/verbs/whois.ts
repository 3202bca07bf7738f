import type { IrcMessage } from "irc-framework";

const MAX_CHANNELS = 200;

/** Facts that each reply to WHOIS adds, under `irc` where only IRC has them. */
const FACTS: Readonly<Record<string, (params: readonly string[]) => Readonly<Record<string, unknown>>>> = {
  "307": () => ({ registered: true }),
  "311": ([, , user, host]) => ({ user, host }),
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

/** Makes a person of the replies to WHOIS. */
export function personOf(address: string, messages: readonly IrcMessage[]) {
  const rooms = messages
    .filter(({ command }) => command === "319")
    .flatMap(({ params }) => (params.at(-1) ?? "").split(" "))
    .map((name) => name.replace(/^[~&@%+!]*(?=[#&+!])/, ""))
    .filter((name) => name !== "")
    .slice(0, MAX_CHANNELS);
  const facts = messages.map(({ command, params }) => (Object.hasOwn(FACTS, command) ? FACTS[command]?.(params) : {}));
  const reply = (numeric: string) => messages.find(({ command }) => command === numeric)?.params;
  const away = reply("301")?.at(-1);
  const realName = reply("311")?.at(-1);
  return {
    type: "person",
    address: reply("311")?.[1] ?? address,
    ...(realName ? { name: realName.slice(0, 256) } : {}),
    presence: away === undefined ? { show: "online" } : { show: "away", status: away.slice(0, 1_024) },
    irc: { ...Object.assign({}, ...facts), rooms },
  };
}
