import type { Command } from "commander";
import { type Terminal, terminal } from "./apps.ts";
import { apacheCommand } from "./proxy-apache.ts";
import { haproxyCommand } from "./proxy-haproxy.ts";
import { nginxCommand } from "./proxy-nginx.ts";

/** Adds `dragoman proxy nginx`, `haproxy` and `apache`, which fill and check the shipped files. */
export function proxyCommands(program: Command, io: Terminal = terminal): void {
  const proxy = program.command("proxy").description("Configuration files for the proxy before the gateway.");
  nginxCommand(proxy, io);
  haproxyCommand(proxy, io);
  apacheCommand(proxy, io);
}
