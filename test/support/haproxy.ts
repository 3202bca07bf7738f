import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HAPROXY_ROUTINGS, haproxyFiles } from "../../src/cli/proxy-files.ts";
import { ended } from "./dovecot.ts";
import { freePort, listening } from "./free-port.ts";
import { type Certificate, certificate } from "./mail-certificate.ts";

export interface TestHaproxy {
  readonly port: number;
  readonly tlsPort: number;
  readonly tls: Certificate;
  /** Output of `haproxy -c`. */
  readonly checked: string;
  readonly stop: () => Promise<void>;
}

/** A private HAProxy with the shipped files on random loopback ports; needs no root. With TLS, plain HTTP only redirects. */
export async function testHaproxy(
  routing: (typeof HAPROXY_ROUTINGS)[number],
  variables: Readonly<Record<string, string>>,
  { tls: secure = false, certificate: given }: { readonly tls?: boolean; readonly certificate?: Certificate } = {},
): Promise<TestHaproxy> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-haproxy-"));
  const [port, tlsPort] = [await freePort(), await freePort()];
  const tls = given ?? certificate(dir);
  await writeFile(join(dir, "both.pem"), `${tls.cert}${tls.key}`, { mode: 0o600 });
  const env = {
    HTTP_BIND: `127.0.0.1:${port}`,
    ...(secure ? { HTTPS_BIND: `127.0.0.1:${tlsPort}`, HTTPS_CERT: join(dir, "both.pem") } : {}),
    HAPROXY_LOG: "stdout",
    HAPROXY_MAXCONN: "1000",
    ...variables,
  };
  const files = haproxyFiles(routing).flatMap((file) => ["-f", file]);
  const { stdout, stderr } = spawnSync("haproxy", ["-c", ...files], { env: { ...path(), ...env }, encoding: "utf8" });
  const child = spawn("haproxy", ["-db", ...files], { env: { ...path(), ...env }, stdio: "ignore" });
  await listening(port);
  return {
    port,
    tlsPort,
    tls,
    checked: `${stdout}${stderr}`,
    stop: async () => {
      await ended(child);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function path(): NodeJS.ProcessEnv {
  return { PATH: `${process.env.PATH}:/usr/local/sbin:/usr/sbin` };
}
