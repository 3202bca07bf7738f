import type { Command } from "commander";
import { ConfigError, givenSettings, readConfig, settings } from "../config/settings.ts";

/** Adds `dragoman config`, which lists every setting with value, default and meaning. */
export function configCommand(program: Command): void {
  program
    .command("config")
    .description("Lists every setting: environment variable, value, default, meaning. Secrets are masked.")
    .option("--json", "as JSON on one line")
    .action((options: { json?: boolean }) => {
      const given = givenSettings();
      const rows = Object.values(settings).map((setting) => rowOf(setting, given[setting.env]));
      console.log(options.json ? JSON.stringify(rows) : table(rows));
      readConfig();
    });
}

interface Row {
  readonly name: string;
  readonly value: string;
  readonly set: boolean;
  readonly default: string;
  readonly about: string;
}

function rowOf(setting: (typeof settings)[keyof typeof settings], given: string | undefined): Row {
  return {
    name: setting.env,
    value: masked(given ?? setting.fallback) + faultOf(setting, given),
    set: given !== undefined,
    default: setting.fallback,
    about: setting.about,
  };
}

/** Shows all settings, also where a setting is invalid. */
function faultOf(setting: (typeof settings)[keyof typeof settings], given: string | undefined): string {
  try {
    setting.read(given ?? setting.fallback, setting.env);
    return "";
  } catch (error) {
    if (error instanceof ConfigError) return " (!)";
    throw error;
  }
}

/** A URL without the password in it. */
function masked(value: string): string {
  return value
    .replace(/(:\/\/[^:@/\s]*:)[^@/\s]+@/g, "$1***@")
    .replace(/([?&](?:pass|password|token)=)[^&]+/gi, "$1***");
}

function table(rows: readonly Row[]): string {
  const name = Math.max(...rows.map((row) => row.name.length));
  const value = Math.min(40, Math.max(...rows.map((row) => row.value.length)));
  return rows
    .map((row) => {
      const shown = row.set ? row.value : row.value === "" ? "-" : row.value;
      const mark = row.set ? "*" : " ";
      const otherwise = row.set && row.default !== "" ? ` (default ${row.default})` : "";
      return `${mark} ${row.name.padEnd(name)}  ${shown.padEnd(value)}  ${row.about}${otherwise}`;
    })
    .concat("", "* set in the environment; the others show their default")
    .join("\n");
}
