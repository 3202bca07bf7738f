import type { ConnectionContext } from "../../../platform/connection.ts";
import type { Pop3Place } from "./pop3-seen.ts";

/** Remembers the mail over which sessions break, so that one mail can't keep all later ones from arriving. */
export interface Pop3Trouble {
  /** Whether it is time to give a mail's content up. */
  readonly enough: (place: Pop3Place) => boolean;
  /** Counts a session that broke over a mail. */
  readonly count: (place: Pop3Place) => Promise<void>;
}

/** Sessions that one mail may break; between them lie the core's waits, which grow to minutes. */
const TRIES = 8;
const NAME = "pop3:trouble";

/** Reads and keeps the one mail that gives trouble: they come one after the other. */
export function pop3Trouble(
  notes: Readonly<Record<string, string>>,
  { state: kept, log }: Pick<ConnectionContext<unknown>, "state" | "log">,
): Pop3Trouble {
  const [, key = "", times = ""] = /^(\S{1,32}) (\d{1,4})$/.exec(notes[NAME] ?? "") ?? [];
  const of = (place: Pop3Place) => (keyOf(place) === key ? Number(times) : 0);
  return {
    enough: (place) => of(place) >= TRIES,
    count: async (place) => {
      // Why the session broke is what matters to the caller; without this note it is only tried more often.
      await kept.write(NAME, `${keyOf(place)} ${of(place) + 1}`).catch((error: unknown) => {
        log.warn({ platform: "email", err: error }, "A mail that breaks POP3 sessions could not be noted");
      });
    },
  };
}

function keyOf({ key }: Pop3Place): string {
  return Buffer.from(key, "latin1").toString("base64");
}
