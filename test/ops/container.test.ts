import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkNginx } from "../../src/cli/proxy-check.ts";
import { NGINX_DEFAULTS, type NginxVariables, nginxFiles } from "../../src/cli/proxy-files.ts";
import { settings } from "../../src/config/settings.ts";
import { ROOT } from "../support/docs-samples.ts";
import { freePort, listening } from "../support/free-port.ts";
import { proxyRequest } from "../support/proxy-client.ts";
import { shell } from "../support/shell.ts";
import { webServer } from "../support/web-server.ts";

const folder = join(ROOT, "ops/container");
const compose = readFileSync(join(folder, "compose.yaml"), "utf8");
const image = readFileSync(join(folder, "Containerfile"), "utf8");
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "dgm-container-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("every image is pinned to a full version", () => {
  const foreign = [...compose.matchAll(/image: (\S+)/g), ...image.matchAll(/^FROM (\S+)/gm)]
    .map(([, name = ""]) => name)
    .filter((name) => name !== "dragoman");
  expect(foreign.length).toBeGreaterThanOrEqual(4);
  for (const name of foreign) expect(name).toMatch(/^[a-z]+:\d+\.\d+\.\d+-/);
});

test("the image has the Node version of releases and sets known settings only", () => {
  const versions = [...image.matchAll(/^FROM node:(\d+\.\d+\.\d+)-/gm)].map(([, version]) => version);
  const runtime = readFileSync(join(ROOT, "ops/release/node-runtime.mjs"), "utf8");
  expect(new Set(versions)).toEqual(new Set([/NODE_VERSION = "(.*)"/.exec(runtime)?.[1]]));
  const block = /^ENV ([\s\S]*?[^\\])\n(?=[A-Z])/m.exec(image)?.[1] ?? "";
  const names = [...block.matchAll(/(\w+)=/g)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(3);
  const known = new Set(Object.values(settings).map(({ env }) => env as string));
  for (const name of names) expect(known).toContain(name);
});

test("the files copied into the image exist and include all that the product needs", () => {
  const included = readFileSync(join(folder, "Containerfile.dockerignore"), "utf8")
    .split("\n")
    .flatMap((line) => (line.startsWith("!") ? [line.slice(1)] : []));
  for (const path of included) expect(existsSync(join(ROOT, path.replace(/\*.*$/, ""))), path).toBe(true);
  const { files } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { files: readonly string[] };
  const forOps = ["ops/container", "ops/kubernetes", "ops/systemd", "clients/php", "clients/wordpress", "dist"];
  const needed = files.filter((path) => !forOps.includes(path));
  for (const path of needed)
    expect(
      included.some((prefix) => path === prefix || path.startsWith(`${prefix}/`)),
      path,
    ).toBe(true);
});

/** The environment of its nginx, with nodes that can be resolved here. */
function given(addresses: readonly [string, string]): Readonly<Record<string, string>> {
  const block = compose.slice(compose.indexOf("NGINX_ENVSUBST_FILTER"));
  const pairs = [...block.matchAll(/^ {6}([A-Z][A-Z_]+): (.*)$/gm)].map(([, name = "", value = ""]) => [
    name,
    value.replaceAll('"', ""),
  ]);
  const all = Object.fromEntries(pairs) as Record<string, string>;
  const nodes = (all.GATEWAY_ADDR ?? "").replace("gateway1:8000", addresses[0]).replace("gateway2:8000", addresses[1]);
  return { ...all, GATEWAY_ADDR: nodes };
}

test("the compose file's nginx gets every variable of its files, and passes nginx -t", async () => {
  const all = given(["127.0.0.1:8000", "127.0.0.1:8001"]);
  const filter = new RegExp(/NGINX_ENVSUBST_FILTER: (\S+)/.exec(compose)?.[1] ?? "");
  const marked = Object.fromEntries(Object.keys(NGINX_DEFAULTS).map((name) => [name, `<<${name}>>`]));
  for (const [path, text] of nginxFiles("ws-subdomain", marked as NginxVariables)) {
    expect(compose).toContain(`../../nginx/${path}.template:/etc/nginx/templates/`);
    for (const [, name = ""] of text.matchAll(/<<([A-Z_]+)>>/g)) {
      expect(Object.keys(all)).toContain(name);
      expect(name).toMatch(filter);
    }
  }
  const verdict = await checkNginx("ws-subdomain", { ...NGINX_DEFAULTS, ...all, NGINX_LOG_DIR: dir } as NginxVariables);
  expect(verdict, verdict.words).toMatchObject({ state: "good" });
});

test("behind its nginx, with that image's own default.conf, the documented address answers", async () => {
  const [node, image] = [await webServer(() => ({ body: "the gateway" })), join(dir, "image")];
  const port = await freePort();
  const out = join(image, "conf.d");
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "default.conf"), `server { listen 127.0.0.1:${port}; server_name localhost; return 404; }`);
  const address = `127.0.0.1:${node.port}`;
  const env = {
    ...given([address, address]),
    HTTP_LISTEN: `127.0.0.1:${port}`,
    NGINX_SNIPPETS: join(out, "snippets"),
    NGINX_LOG_DIR: image,
  };
  // What the image does at its start: each mounted template through envsubst, to conf.d and below.
  const mounted = compose.matchAll(/- \.\.\/\.\.\/(nginx\/\S+):\/etc\/nginx\/templates\/(\S+)\.template:ro/g);
  for (const [, from = "", to = ""] of mounted) {
    const list = Object.keys(env).map((name) => `\${${name}}`);
    const text = execFileSync("envsubst", [list.join(" ")], {
      env: { ...process.env, ...env },
      input: readFileSync(join(ROOT, from)),
    });
    mkdirSync(dirname(join(out, to)), { recursive: true });
    writeFileSync(join(out, to), text);
  }
  const main = `pid ${image}/pid; error_log ${image}/error.log; ${userInfo().uid === 0 ? "user root;" : ""} events {} http { ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((one) => `${one}_temp_path ${image}/${one};`).join(" ")} include ${out}/*.conf; }`;
  writeFileSync(join(image, "nginx.conf"), main);
  const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin`;
  const nginx = shell(["nginx", "-p", image, "-e", "stderr", "-c", join(image, "nginx.conf"), "-g", "daemon off;"], {
    cwd: image,
    env: { PATH },
  });
  try {
    await listening(port);
    const documented =
      /curl -s (http:\/\/localhost:8080\S+)/.exec(readFileSync(join(ROOT, "docs/operate.md"), "utf8"))?.[1] ?? "";
    expect(documented).not.toBe("");
    const answer = await proxyRequest({ port, host: "localhost:8080", key: "" }, new URL(documented).pathname);
    expect(answer).toMatchObject({ status: 200, text: "the gateway" });
  } finally {
    await nginx.stop();
    await node.stop();
  }
});
