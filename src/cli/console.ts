import { userInfo } from "node:os";
import { type Command, Option } from "commander";
import type { AuditLog } from "../console/audit-log.ts";
import { type ConsoleSessions, LINK_SECONDS } from "../console/console-sessions.ts";
import { CONSOLE_NAME, CONSOLE_ROLES, type ConsoleRole } from "../console/console-user.ts";
import { type JsonOption, type Terminal, terminal } from "./apps.ts";

/** Stores of `dragoman console`. Opened when the command runs, closed after it. */
export interface ConsoleTools {
  readonly sessions: Pick<ConsoleSessions, "issueLink">;
  readonly audit: Pick<AuditLog, "append">;
  /** Address of the gateway with its base path. */
  readonly base: string;
  readonly isEnabled: boolean;
  readonly close: () => Promise<void>;
}

interface Options extends JsonOption {
  readonly role: ConsoleRole;
  readonly name: string;
}

/** Adds `dragoman console`, which prints a sign-in link. */
export function consoleCommand(program: Command, connect: () => Promise<ConsoleTools>, io: Terminal = terminal): void {
  program
    .command("console")
    .description("Prints a link that signs in at the web console, once.")
    .addOption(
      new Option("--role <role>", "admin may change things, viewer only look").choices(CONSOLE_ROLES).default("admin"),
    )
    .option("--name <name>", "name of the user in the audit log", userInfo().username)
    .option("--json", "the link with its user and lifetime in seconds as JSON on one line")
    .action(async ({ role, name, json }: Options, command: Command) => {
      if (!CONSOLE_NAME.test(name))
        command.error(
          "error: --name takes 1 to 64 letters, digits, spaces and . _ @ -, and begins with a letter or digit",
        );
      const tools = await connect();
      try {
        if (!tools.isEnabled) command.error("error: the console is switched off (CONSOLE=false)");
        const link = await tools.sessions.issueLink({ name, role });
        const entry = { name, role, session: "", app: "", status: 201 };
        await tools.audit.append({ ...entry, action: "sign-in link made by the command line" });
        io.say(`Sign in as ${name} (${role}). The link works once, for ${LINK_SECONDS / 60} minutes:`);
        const shown = consoleLink(tools.base, link);
        io.out(json ? JSON.stringify({ link: shown, name, role, expiresIn: LINK_SECONDS }) : shown);
      } finally {
        await tools.close();
      }
    });
}

/** Returns the address that signs in. The part after # is not sent to the server, so that no log keeps the secret. */
export function consoleLink(base: string, link: string): string {
  return `${base}/console/#/sign-in/${link}`;
}
