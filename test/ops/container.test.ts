import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkNginx } from "../../src/cli/proxy-check.ts";
import { NGINX_DEFAULTS, type NginxVariables, nginxFiles } from "../../src/cli/proxy-files.ts";
import { settings } from "../../src/config/settings.ts";
import { ROOT } from "../support/docs-samples.ts";

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

test("the image has a supported Node version and sets known settings only", () => {
  const [, major, minor] = /^FROM node:(\d+)\.(\d+)\./m.exec(image) ?? [];
  expect([Number(major), Number(minor) >= 19]).toEqual([20, true]);
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
  const forOps = ["apache", "haproxy", "nginx", "ops/container", "ops/systemd", "clients/php", "dist"];
  const needed = files.filter((path) => !forOps.includes(path));
  for (const path of needed)
    expect(
      included.some((prefix) => path === prefix || path.startsWith(`${prefix}/`)),
      path,
    ).toBe(true);
});

test("the compose file's nginx gets every variable of its files, and passes nginx -t", async () => {
  const block = compose.slice(compose.indexOf("NGINX_ENVSUBST_FILTER"));
  const filter = new RegExp(/NGINX_ENVSUBST_FILTER: (\S+)/.exec(block)?.[1] ?? "");
  const environment = new Map(
    [...block.matchAll(/^ {6}([A-Z][A-Z_]+): (.*)$/gm)].map(([, name = "", value = ""]) => [
      name,
      value.replaceAll('"', ""),
    ]),
  );
  const marked = Object.fromEntries(Object.keys(NGINX_DEFAULTS).map((name) => [name, `<<${name}>>`]));
  const texts = [...nginxFiles("ws-subdomain", marked as NginxVariables)];
  for (const [path, text] of texts) {
    expect(compose).toContain(`../../nginx/${path}.template:/etc/nginx/templates/${path}.template:ro`);
    for (const [, name = ""] of text.matchAll(/<<([A-Z_]+)>>/g)) {
      expect([...environment.keys()]).toContain(name);
      expect(name).toMatch(filter);
    }
  }
  const nodes = (environment.get("GATEWAY_ADDR") ?? "").replaceAll(/gateway[12]:/g, "127.0.0.1:");
  const filled = { ...NGINX_DEFAULTS, ...Object.fromEntries(environment), GATEWAY_ADDR: nodes, NGINX_LOG_DIR: dir };
  const verdict = await checkNginx("ws-subdomain", filled as NginxVariables);
  expect(verdict, verdict.words).toMatchObject({ state: "good" });
});
