import { execFileSync, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { writeFiles } from "../../src/cli/proxy-check.ts";
import { NGINX_DEFAULTS, type NginxLayout, type NginxVariables, nginxFiles } from "../../src/cli/proxy-files.ts";
import { ended } from "./dovecot.ts";
import { freePort, listening } from "./free-port.ts";
import { type Certificate, certificate } from "./mail-certificate.ts";

export interface TestNginx {
  readonly port: number;
  readonly tlsPort: number;
  readonly tls: Certificate;
  /** Output of `nginx -t`. */
  readonly checked: string;
  readonly log: (name: "access" | "error" | "gateway") => Promise<string>;
  /** Folder of the server's files. */
  readonly dir: string;
  readonly stop: () => Promise<void>;
}

export interface NginxSettings {
  readonly layout: NginxLayout;
  readonly variables?: Partial<NginxVariables>;
  /** Lines for the http level, as a site may have them. */
  readonly http?: string;
  /** Servers of the op's own, read after the shipped files. */
  readonly servers?: (at: { readonly port: number; readonly dir: string }) => string;
  /** Connections at once; 256 unless said. */
  readonly connections?: number;
  /** A random one unless said. */
  readonly port?: number;
  /** Breaks a rendered file on purpose. */
  readonly alter?: (text: string, path: string) => string;
}

/** A private nginx with the shipped files on random loopback ports; needs no root. */
export async function testNginx(settings: NginxSettings) {
  const { layout, variables, http = "", connections = 256, alter = (text) => text } = settings;
  const dir = await mkdtemp(join(tmpdir(), "dgm-nginx-"));
  const [port, tlsPort] = [settings.port ?? (await freePort()), await freePort()];
  const tls = certificate(dir);
  const files = nginxFiles(layout, {
    ...NGINX_DEFAULTS,
    HTTP_LISTEN: `127.0.0.1:${port}`,
    NGINX_LISTEN_TLS: `127.0.0.1:${tlsPort} ssl http2`,
    NGINX_SNIPPETS: join(dir, "conf.d/snippets"),
    NGINX_LOG_DIR: dir,
    TLS_CERT: tls.certFile,
    TLS_KEY: tls.keyFile,
    ...variables,
  });
  await writeFiles(join(dir, "conf.d"), new Map([...files].map(([path, text]) => [path, alter(text, path)])));
  const env = { PATH: `${process.env.PATH}:/usr/local/sbin:/usr/sbin` };
  const args = ["-p", dir, "-e", join(dir, "error.log"), "-c", join(dir, "nginx.conf")];
  await mkdir(join(dir, "temp"));
  await writeFile(
    join(dir, "nginx.conf"),
    configuration(dir, http, settings.servers?.({ port, dir }) ?? "", connections),
  );
  const checked = execFileSync("/bin/sh", ["-c", 'nginx -t "$@" 2>&1', "sh", ...args], { encoding: "utf8", env });
  const child = spawn("nginx", [...args, "-g", "daemon off;"], { stdio: "ignore", env });
  await listening(port);
  return {
    port,
    tlsPort,
    tls,
    checked,
    log: (name) => readFile(join(dir, `${name}.log`), "utf8"),
    dir,
    stop: async () => {
      await ended(child);
      await rm(dir, { recursive: true, force: true });
    },
  } satisfies TestNginx;
}

function configuration(dir: string, http: string, servers: string, connections: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const user = userInfo().uid === 0 ? "user root;" : "";
  return `
${user}
worker_processes 1;
pid ${dir}/nginx.pid;
events { worker_connections ${connections}; }
http {
  types { text/html html; text/css css; text/javascript js; }
  ${temporary.map((name) => `${name}_temp_path ${dir}/temp/${name};`).join("\n  ")}
  ${http}
  include ${dir}/conf.d/*.conf;
  ${servers}
}
`;
}
