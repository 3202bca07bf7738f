import { type ChildProcess, spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { freePort, listening } from "./free-port.ts";
import { type Certificate, certificate } from "./mail-certificate.ts";

export interface TestDovecot {
  readonly imapPort: number;
  readonly pop3Port: number;
  readonly lmtpPort: number;
  /** Socket for Postfix's SASL authentication. */
  readonly saslPort: number;
  readonly tls: Certificate;
  /** Folder of the configuration. */
  readonly dir: string;
  readonly maildir: (user: string) => string;
  /** Kills all processes at once, as a crash does. */
  readonly kill: () => Promise<void>;
  /** Starts the server again on the same ports with its data on disk. */
  readonly restart: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a private Dovecot (IMAP, POP3, LMTP, SASL) on random loopback ports. Every user's password is `<user>-pw`;
 * `extra` is appended to the configuration. Needs root.
 */
export async function testDovecot(users: readonly string[], extra: readonly string[] = []): Promise<TestDovecot> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-dovecot-"));
  await chmod(dir, 0o755);
  await mkdir(join(dir, "mail"), { mode: 0o777 });
  await chmod(join(dir, "mail"), 0o777);
  const tls = certificate(dir);
  const [imapPort, pop3Port, lmtpPort, saslPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  await writeFile(join(dir, "users"), users.map((user) => `${user}:{PLAIN}${user}-pw\n`).join(""));
  const lines = [configuration(dir, tls, { imapPort, pop3Port, lmtpPort, saslPort }), ...extra];
  await writeFile(join(dir, "dovecot.conf"), lines.join("\n"));
  const ports = [imapPort, pop3Port, lmtpPort, saslPort];
  const start = () => guarded("dovecot", "-F", "-c", join(dir, "dovecot.conf"));
  let child = start();
  await Promise.all(ports.map(listening));
  return {
    imapPort,
    pop3Port,
    lmtpPort,
    saslPort,
    tls,
    dir,
    maildir: (user) => join(dir, "mail", user),
    kill: async () => {
      const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await gone;
    },
    restart: async () => {
      child = start();
      await Promise.all(ports.map(listening));
    },
    stop: async () => {
      await ended(child);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Shell wrapper that ends the process group when the pipe to this test process closes. */
const GUARD = `( read -r line <&3 || kill -KILL -$$ ) >/dev/null 2>&1 </dev/null & exec "$@" 3<&-`;

/**
 * Starts a server in a separate process group. One signal reaches all its processes. The group cannot outlive the test
 * process.
 */
function guarded(...command: readonly string[]): ChildProcess {
  const child = spawn("/bin/sh", ["-c", GUARD, "guard", ...command], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
    detached: true,
  });
  const guard = child.stdio[3] as Writable;
  guard.on("error", () => undefined);
  child.once("exit", () => guard.end("dismissed\n"));
  return child;
}

/** Ends a server started in the foreground and waits for its exit. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  await gone;
}

interface Ports {
  readonly imapPort: number;
  readonly pop3Port: number;
  readonly lmtpPort: number;
  readonly saslPort: number;
}

function configuration(dir: string, tls: Certificate, { imapPort, pop3Port, lmtpPort, saslPort }: Ports): string {
  return `
base_dir = ${dir}/run
state_dir = ${dir}/state
log_path = ${dir}/dovecot.log
protocols = imap pop3 lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <${tls.certFile}
ssl_key = <${tls.keyFile}
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
first_valid_uid = 1
mail_location = maildir:${dir}/mail/%n
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%n ${dir}/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${dir}/mail/%n
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    auto = create
    special_use = \\Sent
  }
  mailbox Trash {
    auto = create
    special_use = \\Trash
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
default_process_limit = 1000
default_client_limit = 4000
mail_max_userip_connections = 50
service imap-login {
  chroot =
  service_count = 0
  client_limit = 2000
  process_min_avail = 1
  inet_listener imap {
    port = ${imapPort}
  }
  inet_listener imaps {
    port = 0
  }
}
service pop3-login {
  chroot =
  inet_listener pop3 {
    port = ${pop3Port}
  }
  inet_listener pop3s {
    port = 0
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${lmtpPort}
  }
}
protocol lmtp {
  auth_username_format = %Ln
}
service auth {
  inet_listener sasl {
    address = 127.0.0.1
    port = ${saslPort}
  }
}
`;
}
