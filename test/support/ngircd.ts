import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { type IrcServer, ircProcess } from "./irc-process.ts";

/**
 * Starts a private ngIRCd on a random loopback port. This server has no message ids, echo or labels. The number of
 * connections is not limited; `penalties` enables the throttle (about a command a second).
 */
export async function ngircd(
  options: { readonly password?: string; readonly penalties?: boolean } = {},
): Promise<IrcServer> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-ngircd-"));
  const port = await freePort();
  await mkdir(join(dir, "none"));
  await writeFile(join(dir, "ngircd.conf"), configuration(dir, port, options));
  const server = ircProcess(["ngircd", "-n", "-f", join(dir, "ngircd.conf")], port);
  await server.start();
  return { ...server, stop: () => server.stop().then(() => rm(dir, { recursive: true, force: true })) };
}

function configuration(
  dir: string,
  port: number,
  { password, penalties = false }: { readonly password?: string; readonly penalties?: boolean },
): string {
  return `
[Global]
Name = irc.example.test
Info = test server
AdminInfo1 = tests
AdminEMail = admin@example.test
Listen = 127.0.0.1
Ports = ${port}
MotdPhrase = hello
PidFile = ${dir}/ngircd.pid
ServerUID = ${process.getuid?.() === 0 ? "nobody" : process.getuid?.()}
ServerGID = ${process.getuid?.() === 0 ? "nogroup" : process.getgid?.()}
${password === undefined ? "" : `Password = ${password}`}
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 100
MaxNickLength = 30
PingTimeout = 120
PongTimeout = 20
${penalties ? "" : "MaxPenaltyTime = 0"}
[Options]
Ident = no
DNS = no
PAM = no
ChrootDir =
SyslogFacility = local0
IncludeDir = ${dir}/none
[Operator]
Name = op
Password = op-pw
`;
}
