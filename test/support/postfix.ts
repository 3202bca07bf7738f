import { execFileSync, spawn } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { type TestDovecot, testDovecot } from "./dovecot.ts";
import { freePort, listening } from "./free-port.ts";
import { type MailFolder, mailFolder } from "./mail-folder.ts";

export interface TestMail {
  /** SMTP with STARTTLS and logins; relays nowhere. */
  readonly port: number;
  readonly dovecot: TestDovecot;
  /** PEM of the certificate's authority; the certificate is for localhost and 127.0.0.1. */
  readonly ca: string;
  readonly domain: string;
  readonly inbox: (user: string) => MailFolder;
  /** Postfix's log so far. */
  readonly log: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

export interface TestMailSettings {
  readonly users?: readonly string[];
  readonly sizeLimit?: number;
  /** More lines for main.cf. */
  readonly extra?: readonly string[];
}

const DOMAIN = "example.test";

/** A private Postfix that delivers `<user>@example.test` into a private Dovecot; both end with `stop`. Needs root. */
export async function testMail(settings: TestMailSettings = {}): Promise<TestMail> {
  if (userInfo().uid !== 0) throw new Error("Postfix can only be started by root");
  const { users = ["alice", "bob", "carol"] } = settings;
  const dovecot = await testDovecot(users);
  const dir = await mkdtemp(join(tmpdir(), "dgm-postfix-"));
  await chmod(dir, 0o755);
  for (const part of ["spool", "data", "etc"]) await mkdir(join(dir, part), { mode: 0o755 });
  await chown(join(dir, "data"), Number(execFileSync("id", ["-u", "postfix"])), -1);
  const port = await freePort();
  const chain = join(dir, "tls.pem");
  await writeFile(chain, dovecot.tls.key + dovecot.tls.cert, { mode: 0o600 });
  await writeFile(join(dir, "etc", "main.cf"), mainCf(dir, chain, dovecot, users, settings));
  await writeFile(join(dir, "etc", "master.cf"), masterCf(port));
  const child = spawn("postfix", ["-c", join(dir, "etc"), "start-fg"], { stdio: "ignore" });
  await listening(port);
  return {
    port,
    dovecot,
    ca: dovecot.tls.cert,
    domain: DOMAIN,
    inbox: (user) => mailFolder(dovecot.maildir(user)),
    log: () => readFile(join(dir, "postfix.log"), "utf8"),
    stop: async () => {
      // The started program only waits for the master process, which has a separate session.
      process.kill(Number(await readFile(join(dir, "data", "master.lock"), "utf8")), "SIGTERM");
      if (child.exitCode === null) await new Promise<void>((resolve) => child.once("exit", () => resolve()));
      await dovecot.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function mainCf(
  dir: string,
  chain: string,
  { lmtpPort, saslPort }: TestDovecot,
  users: readonly string[],
  { sizeLimit = 10_485_760, extra = [] }: TestMailSettings,
): string {
  const mailboxes = users.map((user) => `${user}@${DOMAIN}=${user}`).join(", ");
  return `
compatibility_level = 3.6
queue_directory = ${dir}/spool
data_directory = ${dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = ${dir}/postfix.log
maillog_file_prefixes = ${dir}
myhostname = mx.${DOMAIN}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
default_transport = error:5.1.2 this test server relays nowhere
relay_transport = error:5.1.2 this test server relays nowhere
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = ${DOMAIN}
virtual_mailbox_maps = inline:{ ${mailboxes} }
virtual_transport = lmtp:inet:127.0.0.1:${lmtpPort}
lmtp_dns_support_level = disabled
lmtp_destination_concurrency_limit = 5
smtpd_tls_security_level = may
smtpd_tls_chain_files = ${chain}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:${saslPort}
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
message_size_limit = ${sizeLimit}
bounce_queue_lifetime = 1m
maximal_queue_lifetime = 5m
${extra.join("\n")}
`;
}

function masterCf(port: number): string {
  return `
127.0.0.1:${port} inet n - n - - smtpd
pickup     unix  n - n 60 1 pickup
cleanup    unix  n - n -  0 cleanup
qmgr       unix  n - n 300 1 qmgr
rewrite    unix  - - n -  - trivial-rewrite
bounce     unix  - - n -  0 bounce
defer      unix  - - n -  0 bounce
trace      unix  - - n -  0 bounce
flush      unix  n - n 1000? 0 flush
proxymap   unix  - - n -  - proxymap
smtp       unix  - - n -  - smtp
lmtp       unix  - - n -  - lmtp
error      unix  - - n -  - error
retry      unix  - - n -  - error
discard    unix  - - n -  - discard
anvil      unix  - - n -  1 anvil
scache     unix  - - n -  1 scache
showq      unix  n - n -  - showq
tlsmgr     unix  - - n 1000? 1 tlsmgr
postlog    unix-dgram n - n - 1 postlogd
`;
}
