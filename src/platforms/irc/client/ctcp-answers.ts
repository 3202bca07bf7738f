import type { IrcMessage } from "irc-framework";

/** Answers within a period. A flood of requests must not become one of ours. */
const MAX_ANSWERS = 3;
const PERIOD_MS = 30_000;
const MAX_ARGUMENT_CHARACTERS = 100;
const MARK = "\u0001";
/** Age in ms after which a request is a repetition by a bouncer. */
const MAX_AGE_MS = 60_000;

export interface CtcpAnswersOptions {
  readonly isOwnNick: (nick: string) => boolean;
  /** Sends a line whose answer does not matter. */
  readonly send: (line: string) => void;
  readonly now?: () => number;
}

/** Answers VERSION, PING, TIME and CLIENTINFO requests. Some networks refuse clients that stay silent. */
export interface CtcpAnswers {
  readonly take: (message: IrcMessage) => void;
}

export function ctcpAnswers({ isOwnNick, send, now = Date.now }: CtcpAnswersOptions): CtcpAnswers {
  let answeredAt: readonly number[] = [];
  return {
    take: ({ command, params, nick, tags }) => {
      const [target = "", text = ""] = params;
      if (command !== "PRIVMSG" || !isOwnNick(target) || nick === "" || isOwnNick(nick)) return;
      if (!text.startsWith(MARK)) return;
      const [request = "", ...parameters] = text.replaceAll(MARK, "").split(" ");
      const argument = parameters.join(" ");
      const answer = answerTo(request, argument.slice(0, MAX_ARGUMENT_CHARACTERS));
      const isOld = tags.time !== undefined && now() - Date.parse(tags.time) > MAX_AGE_MS;
      answeredAt = answeredAt.filter((time) => now() - time < PERIOD_MS);
      if (answer === undefined || isOld || answeredAt.length >= MAX_ANSWERS) return;
      answeredAt = [...answeredAt, now()];
      send(`NOTICE ${nick} :${MARK}${request} ${answer}${MARK}`);
    },
  };
}

function answerTo(request: string, argument: string): string | undefined {
  if (request === "VERSION") return "Dragoman";
  if (request === "PING") return argument;
  if (request === "TIME") return new Date().toISOString();
  return request === "CLIENTINFO" ? "ACTION CLIENTINFO PING TIME VERSION" : undefined;
}
