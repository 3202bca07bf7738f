import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { proxyCommands } from "../../../src/cli/proxy.ts";
import { NGINX_DEFAULTS, nginxFiles } from "../../../src/cli/proxy-files.ts";
import { runCommand } from "../../support/command-run.ts";
import { certificate } from "../../support/mail-certificate.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dgm-cli-proxy-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Runs a command line as `dragoman proxy` would. */
async function proxy(...args: string[]) {
  const out: string[] = [];
  const stderr: string[] = [];
  const program = new Command("dragoman");
  proxyCommands(program, { out: (line) => out.push(line), say: (line) => stderr.push(line) });
  const code = await runCommand(program, ["proxy", ...args], { out, stderr });
  return { code, out: out.join("\n"), stderr: stderr.join("\n") };
}

test("nginx: writes the files with the given values after nginx -t", async () => {
  const folder = join(dir, "conf.d");
  const nodes = ["--gateway", "127.0.0.1:8000", "127.0.0.1:8001", "--site", "127.0.0.1:8080"];
  const { code, stderr } = await proxy("nginx", ...nodes, "--name", "shop.example", "--path", "/chat", "--out", folder);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("accepts the files");
  expect((await readdir(folder)).sort()).toEqual(["00-shop.example-gateway.conf", "shop.example.conf", "snippets"]);
  const upstream = await readFile(join(folder, "00-shop.example-gateway.conf"), "utf8");
  for (const node of ["127.0.0.1:8000", "127.0.0.1:8001"]) expect(upstream).toContain(`server ${node} max_fails=0;`);
  expect(await readFile(join(folder, "shop.example.conf"), "utf8")).toContain(
    `include ${folder}/snippets/shop.example/site-locations.conf;`,
  );
  expect(await readFile(join(folder, "snippets/shop.example/gateway-locations.conf"), "utf8")).toContain(
    "location = /chat/events",
  );
});

test("nginx: writes a TLS site with a certificate, a separate site with a host name, snippets otherwise", async () => {
  const { certFile, keyFile } = certificate(dir);
  const tls = await proxy("nginx", "--site", "127.0.0.1:8080", "--tls-cert", certFile, "--tls-key", keyFile);
  expect(tls.stderr).toContain("accepts the files");
  expect(tls.out).toContain(`ssl_certificate     ${certFile};`);
  const alone = await proxy("nginx", "--ws", "ws.shop.example");
  expect(alone.out).toContain("server_name ws.shop.example;");
  const snippets = await proxy("nginx");
  expect(snippets.out).not.toMatch(/^server \{/m);
  expect(snippets.stderr).toContain("include /etc/nginx/conf.d/snippets/gateway-locations.conf;");
});

test("both: say which load balancers speak the PROXY protocol", async () => {
  const { certFile, keyFile } = certificate(dir);
  const from = ["--accept-proxy-protocol", "10.0.0.0/24", "fd00::/8"];
  const tls = ["--tls-cert", certFile, "--tls-key", keyFile];
  const nginx = await proxy("nginx", "--site", "127.0.0.1:8080", ...from, ...tls);
  expect(nginx.stderr).toContain("accepts the files");
  for (const line of [
    "listen 80 proxy_protocol;",
    "listen [::]:80 proxy_protocol;",
    "set_real_ip_from  10.0.0.0/24;",
    "set_real_ip_from  fd00::/8;",
    "real_ip_header    proxy_protocol;",
  ])
    expect(nginx.out).toContain(`    ${line}`);
  expect(nginx.out).toMatch(/listen \[::\]:443 ssl(?: http2)? proxy_protocol;/);
  const haproxy = await proxy("haproxy", ...from);
  expect(haproxy.stderr).toContain("accepts the files");
  expect(haproxy.out).toContain("export PROXY_PROTOCOL_FROM='10.0.0.0/24 fd00::/8'");
});

test.each([
  [["nginx", "--site", "127.0.0.1:8080;evil"], "host:port"],
  [["nginx", "--name", "a;b"], "one word"],
  [["nginx", "--path", "/gateway/"], "without a slash at its end"],
  [["nginx", "--path", "/"], "its own host name"],
  [["haproxy", "--path", "/"], "its own host name"],
  [["apache", "--path", "/"], "its own host name"],
  [["nginx", "--site", "127.0.0.1:8080", "--tls-cert", "a.pem"], "go together"],
  [["nginx", "--site", "127.0.0.1:8080", "--ws", "ws.example"], "leave --site out"],
  [["haproxy", "--routing", "magic"], "Allowed choices"],
  [["haproxy", "--gateway", "127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"], "two nodes"],
  [["haproxy", "--tls-bind", ":443"], "go together"],
  [["haproxy", "--accept-proxy-protocol", "10.0.0.0/33"], "an address or a range"],
  [["nginx", "--site", "127.0.0.1:8080", "--accept-proxy-protocol", "everybody"], "an address or a range"],
  [["nginx", "--ws", "a.example", "--accept-proxy-protocol", "::1", "--front", "::1"], "give one"],
  [["nginx", "--accept-proxy-protocol", "10.0.0.0/24"], "needs --site or --ws"],
  [["apache", "--gateway", "127.0.0.1:1", "127.0.0.1:2"], "takes one gateway"],
  [["apache", "--gateway", "unix:/run/g.sock"], "host:port"],
  [["apache", "--behind", "127.0.0.1:8080"], "needs --root"],
  [["apache", "--root", "a b"], "one word"],
])("%j is refused with a reason", async (args, reason) => {
  const { code, stderr, out } = await proxy(...args);
  expect(code).toBe(1);
  expect(stderr).toContain(reason);
  expect(out).toBe("");
});

test("nginx: writes a second site beside the first, and nginx -t passes both", async () => {
  const folder = join(dir, "two");
  for (const name of ["a.example", "b.example"]) {
    const { code, stderr } = await proxy("nginx", "--site", "127.0.0.1:8080", "--name", name, "--out", folder);
    expect(code, stderr).toBe(0);
  }
  await writeFile(
    join(dir, "two.conf"),
    `error_log stderr; pid ${dir}/pid; events {} http { include ${folder}/*.conf; }`,
  );
  const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin`;
  const checked = spawnSync("nginx", ["-t", "-e", "stderr", "-c", join(dir, "two.conf")], {
    encoding: "utf8",
    env: { PATH },
  });
  expect(checked.stderr).toContain("syntax is ok");
});

test("nginx: refuses what would collide with the existing configuration", async () => {
  const folder = join(dir, "collide");
  await mkdir(folder);
  const first = await proxy("nginx", "--site", "127.0.0.1:8080", "--ws", "a.example", "--out", folder);
  expect(first.stderr).toContain("leave --site out");
  const site = ["nginx", "--site", "127.0.0.1:8080"];
  await writeFile(join(dir, "default"), "server { listen 80 default_server; listen [::]:80 default_server; }");
  const main = join(dir, "main.conf");
  await writeFile(
    main,
    `events { worker_connections 768; } http { include ${folder}/*.conf; include ${dir}/default; }`,
  );
  const nameless = await proxy(...site, "--out", folder, "--config", main);
  expect(nameless.code).toBe(1);
  expect(nameless.stderr).toContain(`${dir}/default answers on port 80`);
  const named = await proxy(...site, "--name", "a.example", "--out", folder, "--config", main);
  expect(named.code, named.stderr).toBe(0);
  expect(named.stderr).toContain("at most 384 streams at once");
  const again = await proxy(...site, "--name", "a.example", "--out", join(dir, "elsewhere"), "--config", main);
  expect(again.stderr).toContain("00-a.example-gateway.conf has files of this name already");
  await writeFile(join(folder, "a.example.conf"), "server { server_name mine.example; }");
  const foreign = await proxy(...site, "--name", "a.example", "--out", folder, "--config", main);
  expect(foreign.stderr).toContain("(server_name mine.example)");
});

test("haproxy: writes the files and a systemd drop-in with user, chroot and file limit", async () => {
  const folder = join(dir, "haproxy");
  const { code, stderr } = await proxy("haproxy", "--host", "a.example", "b.example", "--out", folder);
  expect(code, stderr).toBe(0);
  expect((await readdir(folder)).sort()).toEqual([
    "00-global.cfg",
    "10-edge.cfg",
    "20-backends.cfg",
    "haproxy.service.d",
    "routing-uri.cfg",
  ]);
  const dropIn = await readFile(join(folder, "haproxy.service.d/dragoman.conf"), "utf8");
  for (const line of [
    `CONFIG=${folder}`,
    "GATEWAY_HOST=a.example b.example",
    "HAPROXY_USER=haproxy",
    "HAPROXY_CHROOT=/var/lib/haproxy",
  ])
    expect(dropIn).toContain(`Environment="${line}"\n`);
  expect(dropIn).toContain("LimitNOFILE=65536");
  const { out } = await proxy("haproxy", "--gateway", "unix:/run/g.sock");
  expect(out).not.toContain("HAPROXY_CHROOT");
});

test("nginx: writes nothing when nginx -t fails", async () => {
  const folder = join(dir, "refused");
  const files = ["--tls-cert", join(dir, "none.pem"), "--tls-key", join(dir, "none.key")];
  const { code, stderr } = await proxy("nginx", "--site", "127.0.0.1:8080", ...files, "--out", folder);
  expect(code).toBe(1);
  expect(stderr).toContain("none.pem");
  await expect(readdir(folder)).rejects.toThrow("ENOENT");
});

test("haproxy: prints the variables and the command", async () => {
  const { code, out, stderr } = await proxy(
    "haproxy",
    "--routing",
    "subdomain",
    "--host",
    "ws.shop.example",
    "--gateway",
    "unix:/run/g.sock",
  );
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("accepts the files");
  expect(out).toContain("export GATEWAY_ADDR='unix@/run/g.sock'");
  expect(out).toContain("export GATEWAY_HOST='ws.shop.example'");
  expect(out).toMatch(/haproxy -W (-f '\S+\.cfg' ?){4}$/);
});

test("haproxy: a gateway with its own host name needs no prefix", async () => {
  const { code, out, stderr } = await proxy("haproxy", "--routing", "subdomain", "--path", "/");
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("accepts the files");
  expect(out).toContain("export GATEWAY_PATH=''\nexport GATEWAY_STREAM_PATH='/events'\n");
});

test.each(["nginx", "haproxy", "apache"])("%s has help for the command and each option", async (server) => {
  const { code, out } = await proxy(server, "--help");
  expect(code).toBe(0);
  expect(out).toMatch(/^Usage: dragoman proxy /);
  expect(out.replace(/\s+/g, " ")).toContain('BASE_PATH of the gateway, / for none (default: "/gateway")');
  const options = out
    .slice(out.indexOf("Options:"))
    .split(/^ {2}(?=-)/m)
    .slice(1);
  expect(options.length).toBeGreaterThan(5);
  for (const option of options) expect(option).toMatch(/^(-h, )?--[a-z-]+( <\S+>)? +\S+/);
});

test("apache: writes an include, a whole site, or a site behind a proxy, after apache2 -t", async () => {
  const snippet = await proxy("apache", "--gateway", "10.0.0.1:8000", "--path", "/chat");
  expect(snippet.code, snippet.stderr).toBe(0);
  expect(snippet.stderr).toContain("accepts the files");
  expect(snippet.stderr).toContain("Include /etc/apache2/dragoman/gateway-front.conf");
  expect(snippet.out).toContain('Define GATEWAY_ADDR "10.0.0.1:8000"\nDefine GATEWAY_PATH "/chat"\n');
  expect(snippet.out).not.toContain("<VirtualHost $");
  const folder = join(dir, "apache");
  const whole = await proxy("apache", "--root", dir, "--name", "shop.example", "--out", folder);
  expect(whole.code, whole.stderr).toBe(0);
  expect((await readdir(folder)).sort()).toEqual(["gateway-front.conf", "site-front.conf"]);
  const site = await readFile(join(folder, "site-front.conf"), "utf8");
  expect(site).toContain(`Define GATEWAY_INCLUDE "${folder}/gateway-front.conf"\n`);
  const behind = await proxy("apache", "--root", dir, "--behind", "127.0.0.1:8081");
  expect(behind.code, behind.stderr).toBe(0);
  expect(behind.out).toContain('Define SITE_ADDR "127.0.0.1:8081"\n');
  const bad = await proxy("apache", "--root", join(dir, "nowhere"));
  expect(bad.code).toBe(1);
  expect(bad.stderr).toContain("nowhere");
});

test("nginx: every template variable has a default, and every default is used", () => {
  const used = new Set<string>();
  for (const layout of ["site", "site-tls", "ws-subdomain"] as const) {
    const marked = Object.fromEntries(Object.keys(NGINX_DEFAULTS).map((name) => [name, `<<${name}>>`]));
    for (const [path, text] of nginxFiles(layout, marked as typeof NGINX_DEFAULTS)) {
      expect(text, path).not.toContain("${");
      for (const [, name = ""] of text.matchAll(/<<([A-Z_]+)>>/g)) used.add(name);
    }
  }
  expect([...used].sort()).toEqual(Object.keys(NGINX_DEFAULTS).sort());
});
