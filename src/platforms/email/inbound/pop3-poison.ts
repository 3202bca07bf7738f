import type { ConnectionContext } from "../../../platform/connection.ts";
import type { SeenEntry } from "./pop3-seen.ts";

/** Record of the mail over which sessions break. A single mail must not block all later mails. */
export interface PoisonedMail {
  /** True when the mail's content is to be given up. */
  readonly shouldSkip: (entry: SeenEntry) => boolean;
  /** Counts a session that broke over a mail. */
  readonly count: (entry: SeenEntry) => Promise<void>;
}

/** Sessions that a mail may break; the core's waits between them grow to minutes. */
const MAX_BROKEN_SESSIONS = 8;
const STATE_KEY = "pop3:trouble";

/** Reads and stores the poisoned mail. A single record is enough, since mails are read in order. */
export function poisonedMail(
  state: Readonly<Record<string, string>>,
  connection: Pick<ConnectionContext<unknown>, "state" | "log">,
): PoisonedMail {
  const [, poisonedKey = "", sessions = ""] = /^(\S{1,32}) (\d{1,4})$/.exec(state[STATE_KEY] ?? "") ?? [];
  const countOf = (entry: SeenEntry) => (keyOf(entry) === poisonedKey ? Number(sessions) : 0);
  return {
    shouldSkip: (entry) => countOf(entry) >= MAX_BROKEN_SESSIONS,
    count: async (entry) => {
      // The caller needs the reason of the broken session; a failed write only means more tries.
      await connection.state.write(STATE_KEY, `${keyOf(entry)} ${countOf(entry) + 1}`).catch((err: unknown) => {
        connection.log.warn({ platform: "email", err }, "mail that breaks POP3 sessions could not be counted");
      });
    },
  };
}

/** Polls at which a server may refuse a mail before the mail is stepped over. */
const MAX_REFUSALS = 5;
const REFUSED_KEY = "pop3:refused";
/** Refused mails that are counted at the same time. */
const MAX_REFUSED_MAILS = 50;

/** Counts of the mails that the server lists but refuses to send. */
export interface RefusedMails {
  /** Counts a refusal; true when the mail is to be stepped over. */
  readonly count: (entry: SeenEntry) => Promise<boolean>;
}

/** Reads and stores the refused mails. */
export function refusedMails(
  state: Readonly<Record<string, string>>,
  connection: Pick<ConnectionContext<unknown>, "state">,
): RefusedMails {
  const counts = new Map(
    (state[REFUSED_KEY] ?? "").split(",").flatMap((pair) => {
      const [, key = "", count = ""] = /^(\S{1,32}) (\d{1,4})$/.exec(pair) ?? [];
      return key === "" ? [] : [[key, Number(count)] as const];
    }),
  );
  return {
    count: async (entry) => {
      const key = keyOf(entry);
      const count = (counts.get(key) ?? 0) + 1;
      counts.delete(key);
      const isOver = count >= MAX_REFUSALS;
      if (!isOver) counts.set(key, count);
      const latest = [...counts].slice(-MAX_REFUSED_MAILS).map((pair) => pair.join(" "));
      await connection.state.write(REFUSED_KEY, latest.length === 0 ? undefined : latest.join(","));
      return isOver;
    },
  };
}

function keyOf({ key }: SeenEntry): string {
  return Buffer.from(key, "latin1").toString("base64");
}
