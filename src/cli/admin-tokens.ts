import { type Command, InvalidArgumentError, Option } from "commander";
import { type AdminToken, type AdminTokens, MAX_ADMIN_TOKENS } from "../console/admin-tokens.ts";
import type { AuditLog } from "../console/audit-log.ts";
import { CONSOLE_NAME, CONSOLE_ROLES, type ConsoleRole } from "../console/console-user.ts";
import { type Terminal, terminal } from "./apps.ts";

/** Stores of `dragoman admin-token`. Opened when a command runs, closed after it. */
export interface AdminTokenTools {
  readonly tokens: Omit<AdminTokens, "find">;
  readonly audit: Pick<AuditLog, "append">;
  readonly close: () => Promise<void>;
}

interface Options {
  readonly json?: boolean;
}

type Run = (work: (tools: AdminTokenTools) => Promise<void>) => Promise<void>;

const DEFAULT_DAYS = 365;
const MAX_DAYS = 3_650;

/** Adds `dragoman admin-token create|list|revoke`. */
export function adminTokenCommands(
  program: Command,
  connect: () => Promise<AdminTokenTools>,
  io: Terminal = terminal,
): void {
  const group = program.command("admin-token").description("Tokens by which programs administer apps and keys.");
  const run: Run = async (work) => {
    const tools = await connect();
    await work(tools).finally(() => tools.close());
  };
  createCommand(group, run, io);
  listCommand(group, run, io);
  revokeCommand(group, run, io);
}

function createCommand(group: Command, run: Run, io: Terminal): void {
  group
    .command("create")
    .argument("<name>", "name of the program in the audit log", nameOf)
    .addOption(
      new Option("--role <role>", "admin may change things, viewer only look").choices(CONSOLE_ROLES).default("admin"),
    )
    .option("--days <number>", "days until it expires", daysOf, DEFAULT_DAYS)
    .option("--json", "the token with its id as JSON on one line")
    .description("Makes a token for /admin and prints it once.")
    .action((name: string, { role, days, json }: Options & { role: ConsoleRole; days: number }, command: Command) =>
      run(async ({ tokens, audit }) => {
        const made = await tokens.create({ name, role }, days);
        if (made === undefined)
          return command.error(`error: there are ${MAX_ADMIN_TOKENS} admin tokens; revoke some first`);
        await audit.append({ ...BY_COMMAND, name, role, status: 201, action: `admin token ${made.token.id} made` });
        io.say(
          `Admin token ${made.token.id} of ${name} (${role}), until ${made.token.expires}. It is shown only once.`,
        );
        io.out(json ? JSON.stringify({ ...made.token, token: made.text }) : made.text);
      }),
    );
}

function listCommand(group: Command, run: Run, io: Terminal): void {
  group
    .command("list")
    .option("--json", "one JSON object per line")
    .description("Lists the admin tokens; the tokens themselves are not stored.")
    .action(({ json }: Options) =>
      run(async ({ tokens }) => {
        for (const token of await tokens.list()) io.out(json ? JSON.stringify(token) : tokenLine(token));
      }),
    );
}

function revokeCommand(group: Command, run: Run, io: Terminal): void {
  group
    .command("revoke")
    .argument("<id>", "id of a token, as the list shows it")
    .option("--json", "the id as JSON on one line")
    .description("Revokes an admin token at once.")
    .action((id: string, { json }: Options, command: Command) =>
      run(async ({ tokens, audit }) => {
        const token = (await tokens.list()).find((known) => known.id === id);
        if (token === undefined || !(await tokens.revoke(id)))
          return command.error("error: there is no such admin token");
        const { name, role } = token;
        await audit.append({ ...BY_COMMAND, name, role, status: 204, action: `admin token ${id} revoked` });
        io.out(json ? JSON.stringify({ id }) : id);
      }),
    );
}

const BY_COMMAND = { session: "", app: "" };

function tokenLine({ id, name, role, created, expires }: AdminToken): string {
  return `${id}\t${name}\t${role}\tcreated ${created}\texpires ${expires}`;
}

function nameOf(text: string): string {
  if (CONSOLE_NAME.test(text)) return text;
  throw new InvalidArgumentError(
    "It takes 1 to 64 letters, digits, spaces and . _ @ -, and begins with a letter or digit.",
  );
}

function daysOf(text: string): number {
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > MAX_DAYS) throw new InvalidArgumentError(`It takes 1 to ${MAX_DAYS}.`);
  return days;
}
