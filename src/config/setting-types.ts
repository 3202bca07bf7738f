import { isAbsolute, resolve } from "node:path";
import ipaddr from "ipaddr.js";

/** A setting that can't be used; the message names it and says what it takes. */
export class ConfigError extends Error {
  constructor(setting: string, expected: string) {
    super(`${setting}: ${expected}`);
    this.name = "ConfigError";
  }
}

/** Turns a variable's text into its value; throws `ConfigError`. */
export type Read<T> = (text: string, setting: string) => T;

/** Setting: environment variable, default, description and parser. */
export interface Setting<T> {
  readonly env: string;
  readonly fallback: string;
  readonly about: string;
  readonly read: Read<T>;
}

/** Any text. */
export const text: Read<string> = (value) => value;
/** A path; a relative one counts from the working folder. */
export const path: Read<string> = (value) => (isAbsolute(value) ? value : resolve(value));
/** A comma-separated list; empty parts don't count. */
export const list: Read<readonly string[]> = (value) =>
  value
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
/** A comma-separated list of addresses and CIDR ranges. */
export const networks: Read<readonly string[]> = (value, setting) => {
  const all = list(value, setting);
  const fits = (part: string): boolean => (part.includes("/") ? ipaddr.isValidCIDR(part) : ipaddr.isValid(part));
  if (!all.every(fits))
    throw new ConfigError(setting, "takes a comma-separated list of networks such as 10.0.0.0/8, fd00::/8");
  return all;
};
/** true or false, in the usual spellings. */
export const flag: Read<boolean> = (value, setting) => {
  if (/^(1|true|yes|on)$/i.test(value)) return true;
  if (/^(0|false|no|off|)$/i.test(value)) return false;
  throw new ConfigError(setting, "takes true or false");
};
/** A whole number within bounds, both included. */
export const integer =
  (min: number, max: number): Read<number> =>
  (value, setting) => {
    const number = Number(value);
    if (!Number.isInteger(number) || number < min || number > max) {
      throw new ConfigError(setting, `takes a whole number from ${min} to ${max}`);
    }
    return number;
  };
/** A share from 0 to 1. */
export const ratio: Read<number> = (value, setting) => {
  const number = Number(value);
  if (value.trim() === "" || !(number >= 0 && number <= 1))
    throw new ConfigError(setting, "takes a number from 0 to 1");
  return number;
};
/** The word auto, or what `read` takes. */
export const autoOr =
  (read: Read<number>): Read<"auto" | number> =>
  (value, setting) =>
    value === "auto" ? value : read(value, setting);
/** The word off, read as 0, or what `read` takes. */
export const offOr =
  (read: Read<number>): Read<number> =>
  (value, setting) =>
    value === "off" ? 0 : read(value, setting);
/** Parses one of the given values. */
export const oneOf =
  <T extends string>(...values: readonly T[]): Read<T> =>
  (value, setting) => {
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) throw new ConfigError(setting, `takes one of ${values.join(", ")}`);
    return found;
  };
/** A path prefix without a slash at its end; `/` is none. */
export const basePath: Read<string> = (value, setting) => {
  if (value === "/" || value === "") return "";
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(value)) throw new ConfigError(setting, "takes a path such as /gateway");
  return value;
};
/** Empty, or a URL of one of these schemes. */
export const url =
  (...protocols: readonly string[]): Read<string> =>
  (value, setting) => {
    if (value === "") return value;
    if (!protocols.some((protocol) => value.startsWith(`${protocol}:`))) {
      throw new ConfigError(setting, `takes a URL that begins with ${protocols.map((p) => `${p}:`).join(" or ")}`);
    }
    return value;
  };
/** Empty, or a mail relay's URL with a host. */
export const relayUrl: Read<string> = (value, setting) => {
  if (value === "") return value;
  const sound = /^smtps?:\/\//.test(value) && URL.canParse(value) && new URL(value).hostname !== "";
  if (!sound) throw new ConfigError(setting, "takes a URL such as smtp://user:password@mail.example.org:587");
  return value;
};
/** A comma-separated list of origins (RFC 6454), each written as browsers send it. */
export const origins: Read<readonly string[]> = (value, setting) => {
  const all = list(value, setting);
  for (const origin of all) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new ConfigError(setting, "takes origins such as https://example.org, separated by commas, without a path");
    }
  }
  return all;
};
/** Parses trusted proxies: a number of hops, or addresses, CIDR ranges and Express' names. */
export const trustProxy: Read<number | readonly string[]> = (value, setting) => {
  if (/^\d{1,2}$/.test(value)) return Number(value);
  const all = list(value, setting);
  if (all.some((part) => !/^(loopback|linklocal|uniquelocal|[0-9a-fA-F:.]+(\/\d{1,3})?)$/.test(part))) {
    throw new ConfigError(
      setting,
      "takes a number of hops or a list of addresses, never true: it would believe any client",
    );
  }
  return all;
};
/** Parses the name of a header; lower case, as Node names headers. */
export const headerName: Read<string> = (value, setting) => {
  if (!/^[A-Za-z0-9-]{1,64}$/.test(value)) throw new ConfigError(setting, "takes the name of one HTTP header");
  return value.toLowerCase();
};
/** A TCP port; 0 lets the system choose. */
export const port = integer(0, 65_535);
