import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, listening } from "./free-port.ts";
import { guardedSpawn } from "./guarded-spawn.ts";
import { type Certificate, certificate } from "./mail-certificate.ts";

export const PROSODY_DOMAIN = "xmpp.test";
export const PROSODY_ROOMS = "rooms.xmpp.test";
/** Largest file that the test servers with `uploads` take, in bytes. */
export const MAX_UPLOAD_BYTES = 100_000;

/** A private XMPP server of a test. */
export interface TestXmppServer {
  readonly port: number;
  /** Port that takes connections without TLS. */
  readonly peerPort: number;
  /** Whether accounts have to use STARTTLS on `port`. */
  readonly requiresTls: boolean;
  readonly tls: Certificate;
  /** Kills the server, as a crash does. */
  readonly kill: () => Promise<void>;
  /** Starts the server again on the same port with its data on disk. */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Options of a private XMPP server. */
export interface XmppServerOptions {
  /** Whether messages are archived (XEP-0313); default true. */
  readonly archive?: boolean;
  /** Whether files can be uploaded (XEP-0363), over plain HTTP on loopback; default false. */
  readonly uploads?: boolean;
}

/** Starts a private Prosody with rooms, archives, carbons and stream management. Passwords are `<user>-pw`. */
export async function testProsody(
  users: readonly string[],
  { archive = true, locking = false, uploads = false }: XmppServerOptions & { readonly locking?: boolean } = {},
): Promise<TestXmppServer> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-prosody-"));
  await chmod(dir, 0o755);
  const accounts = join(dir, "data", "xmpp%2etest", "accounts");
  await mkdir(accounts, { recursive: true });
  for (const user of users)
    await writeFile(join(accounts, `${user}.dat`), `return {\n\t["password"] = "${user}-pw";\n};\n`);
  const tls = certificate(dir, `DNS:${PROSODY_DOMAIN},DNS:localhost`);
  const port = await freePort();
  const file = join(dir, "prosody.cfg.lua");
  const uploadPort = uploads ? await freePort() : undefined;
  await writeFile(file, configuration(dir, { port, uploadPort, tls, archive, locking }));
  let child = spawnProsody();
  await listening(port);

  function spawnProsody() {
    return guardedSpawn(["prosody", "--config", file, "-F"], { output: "ignore" });
  }
  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGKILL");
    await gone;
  }
  return {
    port,
    peerPort: port,
    requiresTls: false,
    tls,
    kill,
    start: async () => {
      child = spawnProsody();
      await listening(port);
    },
    stop: async () => {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

interface ProsodyOptions {
  readonly port: number;
  /** Port of the upload service; undefined: none. */
  readonly uploadPort: number | undefined;
  readonly tls: Certificate;
  readonly archive: boolean;
  /** Whether new rooms stay locked until their owner configures them, as by default. */
  readonly locking: boolean;
}

function configuration(dir: string, { port, uploadPort, tls, archive, locking }: ProsodyOptions): string {
  return `
daemonize = false
run_as_root = true
pidfile = "${dir}/prosody.pid"
data_path = "${dir}/data"
log = { info = "${dir}/prosody.log" }
interfaces = { "127.0.0.1" }
c2s_ports = { ${port} }
c2s_direct_tls_ports = {}
s2s_ports = {}
http_ports = {${uploadPort === undefined ? "" : ` ${uploadPort} `}}
http_interfaces = { "127.0.0.1" }
https_ports = {}
component_ports = {}
ssl = { certificate = "${tls.certFile}"; key = "${tls.keyFile}" }
modules_disabled = { "s2s" }
modules_enabled = { "roster", "saslauth", "tls", "disco", "ping", "smacks", "carbons", "offline",
  "presence", "message", "iq", "blocklist"${archive ? ', "mam"' : ""} }
allow_registration = false
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = "internal"
archive_expires_after = "never"
max_archive_query_results = 100
c2s_stanza_size_limit = 262144
c2s_timeout = 60
VirtualHost "${PROSODY_DOMAIN}"
Component "${PROSODY_ROOMS}" "muc"
  modules_enabled = { ${archive ? '"muc_mam"' : ""} }
  muc_log_by_default = ${archive}
  restrict_room_creation = false
  muc_room_default_public = true
  muc_room_default_persistent = true
  muc_room_locking = ${locking}
${uploadPort === undefined ? "" : uploadComponent(uploadPort)}`;
}

function uploadComponent(port: number): string {
  return `Component "upload.${PROSODY_DOMAIN}" "http_file_share"
  http_host = "127.0.0.1"
  http_external_url = "http://127.0.0.1:${port}/"
  http_file_share_size_limit = ${MAX_UPLOAD_BYTES}
`;
}
