import type { Command } from "commander";
import type { Account, Accounts } from "../accounts/accounts.ts";
import type { AppRegistry } from "../apps/registry.ts";
import { accountId } from "../model/account-id.ts";
import { Refusal } from "../model/refusal.ts";
import { type RemoveAccountDeps, removeAccount } from "../operations/remove-account.ts";
import { checkLogin, type StoreAccountDeps, storeAccount } from "../operations/store-account.ts";
import type { PlatformRegistry } from "../platform/platform-registry.ts";
import { APP_OPTION, type AppOption, forApp, type RunForApp } from "./app-option.ts";
import { type Terminal, terminal } from "./apps.ts";
import { type Input, processInput } from "./ask.ts";
import { completeLogin, givenFields } from "./login-questions.ts";

/** Stores of `dragoman account`. Opened when a command runs, closed after it. */
export interface AccountTools extends StoreAccountDeps, RemoveAccountDeps {
  readonly accounts: Pick<Accounts, "put" | "get" | "list" | "remove">;
  readonly endpoints: StoreAccountDeps["endpoints"];
  readonly platforms: PlatformRegistry;
  readonly registry: Pick<AppRegistry, "list">;
  readonly close: () => Promise<void>;
}

interface Options extends AppOption {
  readonly json?: boolean;
}

interface AddOptions extends Options {
  readonly set: readonly string[];
  readonly online?: boolean;
}

const PAGE = 1_000;

/** Adds `dragoman account add|list|remove`. Returns their group for further commands. */
export function accountCommands(
  program: Command,
  connect: () => Promise<AccountTools>,
  io: Terminal = terminal,
  input: () => Input = processInput,
): Command {
  const group = program.command("account").description("Apps' own logins at the networks.");
  const run = forApp(connect);
  addCommand(group, run, io, input);
  listCommand(group, run, io);
  removeCommand(group, run, io);
  return group;
}

function addCommand(group: Command, run: RunForApp<AccountTools>, io: Terminal, input: () => Input): void {
  group
    .command("add")
    .argument("<platform>", "platform: email, xmpp, irc, telegram …")
    .argument("<address>", "the account's address")
    .option(...APP_OPTION)
    .option("--set <name=value...>", "parts of the login that are not secret, such as host=mail.example.org", [])
    .option("--online", "stay connected without anything to send")
    .option("--json", "the account as JSON on one line")
    .description("Stores a login, or replaces it. Asks for what is missing; secrets are never taken as options.")
    .addHelpText(
      "after",
      `
Without a terminal the rest of the login is read as JSON from standard input.

Examples:
  dragoman account add xmpp me@example.org --online
  dragoman account add email shop@example.org --set host=smtp.example.org --set mailbox.protocol=imap mailbox.host=imap.example.org
  dragoman account add xmpp me@example.org < login.json`,
    )
    .action((name: string, address: string, { set, online, ...options }: AddOptions, command: Command) =>
      run(command, options, async (tools, { app }) => {
        const platform = tools.platforms.require(name, "--platform");
        if (platform.credentials === undefined) {
          throw new Refusal("validation-failed", `${platform.title} knows no logins: it works without an account.`);
        }
        const { schema } = platform.credentials;
        const credentials = await completeLogin(schema, address, givenFields(schema, set), input());
        const login = { address, credentials, online };
        checkLogin(platform, login);
        const { account, created } = await storeAccount(tools, app, platform, login);
        io.say(created ? "Stored." : "Replaced.");
        io.out(options.json ? JSON.stringify(account) : accountLine(account));
      }),
    );
}

function listCommand(group: Command, run: RunForApp<AccountTools>, io: Terminal): void {
  group
    .command("list")
    .option(...APP_OPTION)
    .option("--json", "one JSON object per line")
    .description("Lists the accounts with their states and the networks' reasons; never a secret.")
    .action((options: Options, command: Command) =>
      run(command, options, async ({ accounts }, { app }) => {
        for await (const account of all(accounts, app)) {
          io.out(options.json ? JSON.stringify(account) : accountLine(account));
        }
      }),
    );
}

async function* all(accounts: AccountTools["accounts"], app: string): AsyncGenerator<Account> {
  let page = await accounts.list(app, { limit: PAGE });
  yield* page;
  for (let last = page.at(-1); last !== undefined && page.length === PAGE; last = page.at(-1)) {
    page = await accounts.list(app, { after: last.id, limit: PAGE });
    yield* page;
  }
}

function removeCommand(group: Command, run: RunForApp<AccountTools>, io: Terminal): void {
  group
    .command("remove")
    .argument("<platform>", "platform")
    .argument("<address>", "the account's address")
    .option(...APP_OPTION)
    .option("--yes", "confirms the removal")
    .option("--json", "the removed account's id as JSON on one line")
    .description("Deletes a stored login and closes its connection.")
    .action((name: string, address: string, options: Options & { yes?: boolean }, command: Command) =>
      run(command, options, async (tools, { app }) => {
        if (!options.yes) throw new Refusal("validation-failed", "The login is deleted; confirm it with --yes.");
        const platform = tools.platforms.require(name, "--platform");
        const id = accountId(platform.id, address);
        await removeAccount(tools, app, id);
        io.out(options.json ? JSON.stringify({ id }) : id);
      }),
    );
}

function accountLine({ platform, address, state, online, error }: Account): string {
  const reason = error === undefined ? "" : `  ${error.code}: ${error.detail}`;
  return `${platform}  ${address}  ${state}${online ? "  stays online" : ""}${reason}`.replace(/\p{Cc}/gu, "�");
}
