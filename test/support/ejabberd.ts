import { access, chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { asNobody, NOBODY } from "./as-nobody.ts";
import { freePort, listening } from "./free-port.ts";
import { guardedSpawn } from "./guarded-spawn.ts";
import { type Certificate, certificate } from "./mail-certificate.ts";
import {
  MAX_UPLOAD_BYTES,
  PROSODY_DOMAIN,
  PROSODY_ROOMS,
  type TestXmppServer,
  type XmppServerOptions,
} from "./prosody.ts";

/** Registers the users of the file `users`, then creates the file `ready`. */
const REGISTER = `
{ok, Names} = file:read_file("users"),
[ejabberd_auth:try_register(User, <<"${PROSODY_DOMAIN}">>, <<User/binary, "-pw">>)
  || User <- binary:split(Names, <<"\\n">>, [global, trim_all])],
ok = file:write_file("ready", <<>>).`;

/**
 * Starts a private ejabberd, configured as Debian ships it. STARTTLS is required, shapers are on, a user has at most
 * ten sessions, rooms start locked, and there is no archive unless `archive`. Passwords are `<user>-pw`. A second port
 * without TLS is for peers.
 */
export async function testEjabberd(
  users: readonly string[],
  { archive = true, uploads = false }: XmppServerOptions = {},
): Promise<TestXmppServer> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-ejabberd-"));
  const [port, peerPort] = [await freePort(), await freePort()];
  const tls = certificate(dir, `DNS:${PROSODY_DOMAIN},DNS:localhost`);
  await chmod(tls.keyFile, 0o644);
  await mkdir(join(dir, "spool"));
  await writeFile(join(dir, "users"), users.join("\n"));
  await writeFile(
    join(dir, "ejabberd.yml"),
    configuration({ dir, port, peerPort, uploadPort: uploads ? await freePort() : undefined, tls, archive }),
  );
  const isRoot = process.getuid?.() === 0;
  if (isRoot) for (const path of [dir, join(dir, "spool")]) await chown(path, NOBODY, NOBODY);

  let child = spawnEjabberd();
  await ready();

  function spawnEjabberd() {
    const erl = ["erl", "-noinput", "-mnesia", "dir", `"${dir}/spool"`, "-s", "ejabberd", "-eval", REGISTER];
    const env = {
      ...process.env,
      HOME: dir,
      ERL_LIBS: "/usr/lib/x86_64-linux-gnu",
      EJABBERD_CONFIG_PATH: join(dir, "ejabberd.yml"),
      EJABBERD_LOG_PATH: join(dir, "ejabberd.log"),
    };
    return guardedSpawn(["env", "-C", dir, ...asNobody(), ...erl], { env, output: "ignore" });
  }
  async function ready(): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!(await exists(join(dir, "ready")))) {
      if (Date.now() > deadline) throw new Error(`ejabberd does not start; see ${dir}/ejabberd.log`);
      await sleep(50);
    }
    await Promise.all([listening(port), listening(peerPort)]);
  }
  async function kill(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill("SIGKILL");
    await gone;
  }
  return {
    port,
    peerPort,
    tls,
    requiresTls: true,
    kill,
    start: async () => {
      await rm(join(dir, "ready"), { force: true });
      child = spawnEjabberd();
      await ready();
    },
    stop: async () => {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

interface EjabberdOptions {
  readonly dir: string;
  /** Port of the upload service; undefined: none. */
  readonly uploadPort: number | undefined;
  readonly port: number;
  readonly peerPort: number;
  readonly tls: Certificate;
  readonly archive: boolean;
}

function configuration({ dir, port, peerPort, uploadPort, tls, archive }: EjabberdOptions): string {
  return `
loglevel: error
hosts: ["${PROSODY_DOMAIN}"]
certfiles: ["${tls.certFile}", "${tls.keyFile}"]
listen:
  - { port: ${port}, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 262144, shaper: c2s_shaper, access: c2s, starttls_required: true }
  - { port: ${peerPort}, ip: "127.0.0.1", module: ejabberd_c2s, max_stanza_size: 262144, access: c2s }
${uploadPort === undefined ? "" : `  - { port: ${uploadPort}, ip: "127.0.0.1", module: ejabberd_http, request_handlers: { "/upload": mod_http_upload } }\n`}disable_sasl_mechanisms: ["digest-md5", "X-OAUTH2"]
auth_password_format: scram
acl:
  local: { user_regexp: "" }
  loopback: { ip: [127.0.0.0/8] }
access_rules:
  local: { allow: local }
  c2s: { deny: blocked, allow: all }
  muc_create: { allow: local }
  pubsub_createnode: { allow: local }
shaper:
  normal: { rate: 3000, burst_size: 20000 }
shaper_rules:
  max_user_sessions: 10
  max_user_offline_messages: 100
  c2s_shaper: normal
modules:
  mod_adhoc: {}
  mod_blocking: {}
  mod_caps: {}
  mod_carboncopy: {}
  mod_client_state: {}
  mod_disco: {}
  mod_fail2ban: {}
  mod_last: {}
  mod_muc:
    host: "${PROSODY_ROOMS}"
    access: [allow]
    access_create: muc_create
    access_persistent: muc_create
    access_mam: [allow]
    default_room_options: { mam: true${archive ? ", persistent: true" : ""} }
  mod_offline: { access_max_user_messages: max_user_offline_messages }
  mod_ping: {}
  mod_pres_counter: { count: 5, interval: 60 }
  mod_privacy: {}
  mod_private: {}
  mod_pubsub: { access_createnode: pubsub_createnode, plugins: [flat, pep] }
  mod_roster: { versioning: true }
  mod_stream_mgmt: { resend_on_timeout: if_offline }
  mod_vcard: { search: false }
  mod_version: {}
${archive ? "  mod_mam: { assume_mam_usage: true, default: always }\n" : ""}${uploadPort === undefined ? "" : uploadModule(dir, uploadPort)}`;
}

function uploadModule(dir: string, uploadPort: number): string {
  return `  mod_http_upload:
    host: "upload.${PROSODY_DOMAIN}"
    docroot: "${dir}/upload"
    put_url: "http://127.0.0.1:${uploadPort}/upload"
    max_size: ${MAX_UPLOAD_BYTES}
`;
}
