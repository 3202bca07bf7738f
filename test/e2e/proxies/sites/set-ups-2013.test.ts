import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "../../../support/docs-samples.ts";
import { freePort, listening } from "../../../support/free-port.ts";
import { proxyRequest } from "../../../support/proxy-client.ts";
import { shell } from "../../../support/shell.ts";
import { type Behind, edgeOf, socketsPass, streamsPass } from "../contract.ts";

/** The blocks of the page, in its order. */
const blocks = [
  ...readFileSync(join(ROOT, "docs/proxies-2013.md"), "utf8").matchAll(/```(nginx|haproxy)\n([\s\S]*?)```/g),
].map(([, server = "", text = ""]) => ({ server, text }));
const [oldNginx, newNginx, oldHaproxy, newHaproxy, byPath, byUpgrade] = blocks.map(({ text }) => text) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const env = { PATH: `${process.env.PATH}:/usr/local/sbin:/usr/sbin` };

function wholeNginx(dir: string, text: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${dir}/${name};`,
  );
  const user = userInfo().uid === 0 ? "user root;" : "";
  return `${user} pid ${dir}/pid; error_log ${dir}/error.log; events {} http { access_log off; ${temporary.join(" ")}\n${text}\n}`;
}

/** Runs a configuration of the page with this machine's ports. */
function run(server: "nginx" | "haproxy", text: string, host: string) {
  return async ({ gateway, site }: Behind) => {
    const dir = await mkdtemp(join(tmpdir(), "dgm-2013-"));
    const port = await freePort();
    const here = text
      .replaceAll("127.0.0.1:8000", gateway)
      .replaceAll("127.0.0.1:8080", site)
      .replace("listen 80;", `listen 127.0.0.1:${port};`)
      .replace("bind :80", `bind 127.0.0.1:${port}`);
    const file = join(dir, "conf");
    await writeFile(file, server === "nginx" ? wholeNginx(dir, here) : here);
    const command =
      server === "nginx"
        ? (["-p", dir, "-e", "stderr", "-c", file, "-g", "daemon off;"] as const)
        : (["-db", "-f", file] as const);
    const running = shell([server, ...command], { cwd: dir, env });
    await listening(port);
    const stop = async () => {
      await running.stop();
      await rm(dir, { recursive: true, force: true });
    };
    return { port, host, checked: "", stop };
  };
}

async function refusal(server: "nginx" | "haproxy", text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "dgm-2013-"));
  const file = join(dir, "conf");
  await writeFile(file, server === "nginx" ? wholeNginx(dir, text) : text);
  const args = server === "nginx" ? ["-t", "-e", "stderr", "-c", file] : ["-c", "-f", file];
  const { status, stderr } = spawnSync(server, args, { env, encoding: "utf8" });
  await rm(dir, { recursive: true, force: true });
  return `${status} ${stderr}`;
}

describe("The printed set-ups of 2013", () => {
  it("are refused by today's servers for the reasons that the page gives", async () => {
    expect(existsSync(join(ROOT, "docs/proxies-2013.md"))).toBe(true);
    expect(blocks).toHaveLength(6);
    expect(await refusal("nginx", oldNginx)).toMatch(/^1 .*(invalid number of arguments|unexpected ";")/s);
    expect(await refusal("nginx", oldNginx.replace("server_name ;", ""))).toMatch(/unexpected ";"/);
    const words = await refusal("haproxy", oldHaproxy);
    for (const name of ["contimeout", "clitimeout", "srvtimeout"]) expect(words).toContain(`'${name}'`);
  });
});

describe("The nginx set-up with the smallest change", () => {
  const { edge } = edgeOf(run("nginx", newNginx, "shop.example"));
  streamsPass(edge);
  streamsPass(edge, "/notify");
  socketsPass(edge);
  socketsPass(edge, "/notify");

  it("hands out no source and keeps the site's paths", async () => {
    const seen = JSON.parse((await proxyRequest(edge(), "/resume.php")).text) as { readonly path: string };
    expect(seen.path).toBe("/resume.php");
    expect((await proxyRequest(edge(), "/gateway/metrics")).status).toBe(404);
  });
});

const rule = "    acl is-ws req.hdr(host),host_only,lower -m str ws.example.com\n";
const use = "    use_backend gateway if is-ws\n";
describe.each([
  ["by name", newHaproxy, "ws.example.com"],
  ["by path", newHaproxy.replace(rule, byPath), "shop.example"],
  ["by the Upgrade header", newHaproxy.replace(`${rule}${use}`, byUpgrade), "ws.example.com"],
] as const)("The HAProxy set-up %s with the smallest change", (_title, text, host) => {
  const { edge } = edgeOf(run("haproxy", text, host));
  streamsPass(edge);
  socketsPass(edge);

  it("takes no look-alike for the gateway's, and tells it who visits", async () => {
    const path = host === "shop.example" ? "/gatewayfoo" : "/gateway/platforms";
    const other = { ...edge(), host: host === "shop.example" ? host : `evil${host}` };
    expect(JSON.parse((await proxyRequest(other, path)).text)).toMatchObject({ path });
    expect((await proxyRequest(edge(), "/gateway/metrics")).status).toBe(404);
  });
});
