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

function keyOf({ key }: SeenEntry): string {
  return Buffer.from(key, "latin1").toString("base64");
}
