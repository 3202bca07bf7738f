import { flag, integer, type Setting } from "./setting-types.ts";

/** Settings of the web console. */
export const consoleSettings = {
  console: {
    env: "CONSOLE",
    fallback: "true",
    about: "Whether the web console is served at BASE_PATH/console.",
    read: flag,
  },
  consoleHours: {
    env: "CONSOLE_HOURS",
    fallback: "12",
    about: "Hours until a console user has to sign in again.",
    read: integer(1, 720),
  },
} as const satisfies Record<string, Setting<unknown>>;
