import { readFileSync } from "node:fs";
import { Command } from "commander";
import { readConfig } from "../config/settings.ts";
import { accountTestCommand } from "./account-test.ts";
import { accountCommands } from "./accounts.ts";
import { activityCommands } from "./activities.ts";
import { adminTokenCommands } from "./admin-tokens.ts";
import { appCommands } from "./apps.ts";
import { backupCommands } from "./backup.ts";
import { completionCommand } from "./completion.ts";
import { configCommand } from "./config.ts";
import { consoleCommand } from "./console.ts";
import { deadLetterCommands } from "./dead-letters.ts";
import { doctorCommand } from "./doctor.ts";
import { keyFileOf } from "./installation.ts";
import { keyCommands } from "./keys.ts";
import { proxyCommands } from "./proxy.ts";
import { sendCommand } from "./send.ts";
import { serveCommand } from "./serve.ts";
import { addServiceEnvironment, SERVICE_ENV_FILE } from "./service-environment.ts";
import { suppressionCommands } from "./suppressions.ts";
import { tailCommand } from "./tail.ts";
import {
  dataPlaces,
  openAccountTools,
  openActivityTools,
  openAppTools,
  openBackupTools,
  openConsoleTools,
  openKeyTools,
} from "./tools.ts";
import { version } from "./version.ts";

/** Makes the command line with all its commands. Nothing is read or opened before a command runs. */
export function commandProgram(): Command {
  const program = new Command("dragoman")
    .description("A messaging gateway: POST an activity, get its rid, receive the result on a stream.")
    .version(version(readFileSync))
    .showHelpAfterError("(dragoman --help shows the commands)")
    .option(
      "--env-file <file>",
      `settings as NAME=value lines; default for all commands but serve: ${SERVICE_ENV_FILE}`,
    )
    .hook("preAction", (root, command) => useServiceEnvironment(root, command.name() === "serve"))
    .addHelpText(
      "after",
      `
Settings are environment variables; \`dragoman config\` lists them all.

Examples:
  dragoman serve                  the gateway with a worker beside it
  PORT=9000 dragoman serve        on another port
  dragoman app create shop        make an app and print its API key, once
  dragoman send --platform email --from shop@example.org --to bob@example.org --body Hi
  dragoman activities list --target bob@example.org
                                  what became of messages to an address
  dragoman console                print a link to the web console
  dragoman doctor                 check this installation`,
    );

  serveCommand(program);
  appCommands(program, openAppTools);
  keyCommands(program, { keyFile: () => keyFileOf(readConfig()), connect: openKeyTools });
  accountTestCommand(accountCommands(program, openAccountTools), openActivityTools);
  activityCommands(program, openActivityTools);
  deadLetterCommands(program, openActivityTools);
  suppressionCommands(program, openActivityTools);
  sendCommand(program, openActivityTools);
  tailCommand(program, openActivityTools);
  consoleCommand(program, openConsoleTools);
  adminTokenCommands(program, openConsoleTools);
  configCommand(program);
  doctorCommand(program);
  proxyCommands(program);
  backupCommands(program, { connect: openBackupTools, places: dataPlaces });
  completionCommand(program);
  return program;
}

/** Reads the environment file before a command reads its settings. `serve` reads only the file that it is given. */
function useServiceEnvironment(program: Command, isServe: boolean): void {
  const { envFile } = program.opts<{ envFile?: string }>();
  if (isServe && envFile === undefined) return;
  const file = addServiceEnvironment({ given: envFile, serviceFile: SERVICE_ENV_FILE, env: process.env });
  if (file !== undefined && envFile === undefined) console.error(`Using the settings of the service: ${file}`);
}
