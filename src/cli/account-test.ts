import { once } from "node:events";
import { type Command, InvalidArgumentError } from "commander";
import type { Account } from "../accounts/accounts.ts";
import type { AppRegistry } from "../apps/registry.ts";
import { accountId } from "../model/account-id.ts";
import { Refusal } from "../model/refusal.ts";
import { findAccount } from "../operations/remove-account.ts";
import type { PlatformRegistry } from "../platform/platform-registry.ts";
import { APP_OPTION, type AppOption, forApp } from "./app-option.ts";
import { type JsonOption, type Terminal, terminal } from "./apps.ts";
import { type LoginTest, type LoginTestDeps, testLogin } from "./login-test.ts";

/** Stores of `dragoman account test`. Opened when the command runs, closed after it. */
export interface AccountTestTools extends LoginTestDeps {
  readonly platforms: Pick<PlatformRegistry, "require">;
  readonly registry: Pick<AppRegistry, "list">;
  readonly close: () => Promise<void>;
}

interface Options extends AppOption, JsonOption {
  readonly wait: number;
}

const DEFAULT_WAIT_SECONDS = 60;

/** Adds `dragoman account test` to the accounts' commands. `interrupted` ends its wait. */
export function accountTestCommand(
  group: Command,
  connect: () => Promise<AccountTestTools>,
  io: Terminal = terminal,
  interrupted: () => Promise<unknown> = () => Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]),
): void {
  const run = forApp(connect);
  group
    .command("test")
    .argument("<platform>", "platform")
    .argument("<address>", "the account's address")
    .option(...APP_OPTION)
    .option("--wait <seconds>", "longest wait for the network's answer", secondsOf, DEFAULT_WAIT_SECONDS)
    .option("--json", "the outcome as JSON on one line")
    .description(
      "Lets the running gateway log the account in once, and tells the network's answer and what to do. " +
        "Exit code: 0 when the network let it in, else 1.",
    )
    .action((name: string, address: string, { wait, json, ...options }: Options, command: Command) =>
      run(command, options, async (tools, caller) => {
        const platform = tools.platforms.require(name, "--platform");
        const account = await findAccount(tools.accounts, caller.app, accountId(platform.id, address));
        if (platform.verbs.connect === undefined) throw notTestable(platform.title);
        const outcome = await testLogin(tools, caller, account, { wait, interrupted });
        const advice = adviceOn(outcome, account);
        io.out(json ? JSON.stringify({ ...shownAccount(account), ...outcome, advice }) : outcomeLine(outcome, account));
        if (!json) io.say(advice);
        if (outcome.state !== "online") process.exitCode = 1;
      }),
    );
}

function notTestable(title: string): Refusal {
  const detail = `${title} has no connection that could be tried: send something, then run \`dragoman activities list\`.`;
  return new Refusal("verb-not-supported", detail);
}

function shownAccount({ id, platform, address }: Account): Pick<Account, "id" | "platform" | "address"> {
  return { id, platform, address };
}

/** Returns the outcome as a line. Networks' words must not steer the terminal. */
function outcomeLine({ state, error }: LoginTest, { platform, address }: Account): string {
  const words = error?.platformCode === undefined ? "" : ` (${error.platformCode})`;
  const reason = error === undefined ? "" : `  ${error.code}: ${error.detail}${words}`;
  return `${platform}  ${address}  ${state}${reason}`.replace(/\p{Cc}/gu, "�");
}

/** Returns a sentence that says what to do. */
function adviceOn({ state }: LoginTest, { platform, address, online }: Account): string {
  switch (state) {
    case "online":
      return `The network let the account in. It ${online ? "stays" : "is not kept"} connected, as before.`;
    case "needs-login":
      return `The network refuses the login; store it again: dragoman account add ${platform} ${address}`;
    case "restricted":
      return "The network refuses the account for good: clear that up there, or store the account again with other settings.";
    case "offline":
      return "The network gave no final answer: check host, port and TLS of the account and that its server runs, then test again.";
    case "untested":
      return "No answer came in time: check that the gateway runs (`dragoman serve`), or wait longer with --wait.";
    case "no-login":
      return (
        "The account has no mailbox, so that only sending tries its login: " +
        `dragoman send --platform ${platform} --from ${address} --to ${address} --subject Test --body Test`
      );
  }
}

function secondsOf(text: string): number {
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (seconds < 1) throw new InvalidArgumentError("It takes 1 to 9999 seconds.");
  return seconds;
}
