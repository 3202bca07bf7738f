import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { type IrcServer, ircProcess } from "./irc-process.ts";
import { type Certificate, certificate } from "./mail-certificate.ts";

/** With a second port that speaks TLS. */
export interface TestInspircd extends IrcServer {
  readonly tlsPort: number;
  readonly tls: Certificate;
}

const MODULES = [
  "cap ircv3 ircv3_servertime ircv3_msgid ircv3_echomessage ircv3_labeledresponse ircv3_batch ircv3_ctctags",
  "ircv3_accounttag ircv3_invitenotify ircv3_capnotify chghost ircv3_chghost monitor redirect namesx uhnames services_account ssl_gnutls",
]
  .join(" ")
  .split(" ");

/** A private InspIRCd 3 on random loopback ports: the server with ids, echo and labels. Takes any number of connections. */
export async function inspircd({ password }: { readonly password?: string } = {}): Promise<TestInspircd> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-inspircd-"));
  const [port, tlsPort] = [await freePort(), await freePort()];
  const tls = certificate(dir);
  await writeFile(join(dir, "inspircd.conf"), configuration(dir, { port, tlsPort, tls, password }));
  const root = process.getuid?.() === 0 ? ["--runasroot"] : [];
  const server = ircProcess(["inspircd", "--config", join(dir, "inspircd.conf"), "--nofork", ...root], port);
  await server.start();
  return { ...server, tlsPort, tls, stop: () => server.stop().then(() => rm(dir, { recursive: true, force: true })) };
}

interface ConfigValues {
  readonly port: number;
  readonly tlsPort: number;
  readonly tls: Certificate;
  readonly password: string | undefined;
}

function configuration(dir: string, { port, tlsPort, tls, password }: ConfigValues): string {
  const homes = ["/usr/lib/inspircd/modules", "/usr/lib/x86_64-linux-gnu/inspircd", "/usr/lib/inspircd"];
  const moduledir = homes.find((home) => existsSync(join(home, "m_cap.so"))) ?? homes[0];
  const lock = password === undefined ? "" : `password="${password}"`;
  return `
<server name="irc2.example.test" description="test" network="TestNet">
<admin name="t" nick="t" email="t@example.test">
<bind address="127.0.0.1" port="${port}" type="clients">
<bind address="127.0.0.1" port="${tlsPort}" type="clients" sslprofile="tls">
<sslprofile name="tls" provider="gnutls" certfile="${tls.certFile}" keyfile="${tls.keyFile}">
<connect name="main" allow="*" ${lock} timeout="60" pingfreq="60s" hardsendq="1M" softsendq="64K" recvq="64K" threshold="10000" commandrate="1000000" localmax="5000" globalmax="5000" maxchans="100" resolvehostnames="no" limit="5000">
<performance softlimit="5000" somaxconn="1024">
<security maxtargets="20">
<options allowmismatch="yes">
<path configdir="${dir}" datadir="${dir}" logdir="${dir}" moduledir="${moduledir}" runtimedir="${dir}">
<pid file="${dir}/inspircd.pid">
<log method="file" type="* -USERINPUT -USEROUTPUT" level="default" target="${dir}/inspircd.log">
${MODULES.map((name) => `<module name="${name}">`).join(" ")}
<class name="all" commands="*" privs="*" usermodes="*" chanmodes="*"> <type name="NetAdmin" classes="all">
<oper name="op" password="op-pw" host="*" type="NetAdmin">
`;
}
