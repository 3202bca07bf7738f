import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { describe, expect, it } from "vitest";
import { problems } from "../../routes/http/problem.ts";
import { siteFiles } from "../../site/site.ts";
import { addressOf, relativeAddress } from "../../site/sources.ts";
import { ROOT } from "../support/docs-samples.ts";
import { EVENT_ERRORS } from "../support/docs-tables.ts";

const files = new Map(siteFiles(ROOT).map(({ address, content }) => [address, content.toString()]));
const pages = [...files].filter(([address]) => address.endsWith(".html"));
/** Made by the build or by the gateway. */
const ELSEWHERE = ["assets/search.js", "../openapi.json"];

describe("the documentation site", () => {
  it("has a page for each document and no link that leads nowhere", () => {
    expect(pages.length).toBeGreaterThan(200);
    const broken = pages.flatMap(([address, html]) =>
      targetsOf(html)
        .filter((target) => !leadsSomewhere(address, target))
        .map((target) => `${address}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it("has a page for each code of refusals and of events, with what to do", () => {
    for (const code of [...Object.keys(problems), ...Object.keys(EVENT_ERRORS)]) {
      expect(files.get(`errors/${code}.html`), code).toContain(`<h1 id="${code}">${code}</h1>`);
    }
    expect(files.get("errors/rate-limited.html")).toContain("HTTP status <strong>429</strong>");
    expect(files.get("errors/account-unknown.html")).toContain("As the error of a result or status event");
  });

  it("lists in its menu each page that no other page lists", () => {
    const [, index = ""] = pages.find(([address]) => address === "index.html") ?? [];
    const linked = new Set(targetsOf(index).map((target) => target.split("#", 1)[0]));
    const missing = pages
      .map(([address]) => address.replace(/\.html$/, ""))
      .filter((address) => address !== "index" && !/^(errors|api\/schemas)\//.test(address) && !linked.has(address));
    expect(missing).toEqual([]);
  });

  it("names each language's sections and marks the current page for screen readers", () => {
    const php = files.get("php.html") ?? "";
    expect(php).toContain('<html lang="en">');
    expect(php).toContain('<a href="php" aria-current="page">');
    expect(php.match(/<h1/g)).toHaveLength(1);
  });

  it("needs nothing inline and nothing from elsewhere, so that its policy can be strict", () => {
    for (const [address, html] of pages) {
      expect(html, address).not.toMatch(/ style=| on\w+="|<script(?![^>]* src=)|(?:src|href)="http[^"]*\.(?:js|css)"/);
      expect(html, address).not.toMatch(/<!-- |\{\{|undefined/);
    }
  });

  it("lists every operation at /docs/api", () => {
    const { paths } = JSON.parse(readFileSync(join(ROOT, "openapi/openapi.json"), "utf8")) as {
      readonly paths: Readonly<Record<string, object>>;
    };
    const requests = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).flatMap((key) => (/^(get|put|post|delete)$/.test(key) ? [`${key.toUpperCase()} ${path}`] : [])),
    );
    const listed = [...(files.get("api.html") ?? "").matchAll(/<td><code>([^<]+)<\/code><\/td>/g)].map(
      ([, name]) => name,
    );
    expect(listed.sort()).toEqual([...requests, "POST to the address of your webhook"].sort());
  });

  it("documents each operation with its refusals, and the deliveries of webhooks", () => {
    expect(files.get("api/activities.html")).toContain("<code>POST /activities</code>");
    expect(files.get("api/activities.html")).toContain('href="../errors/rid-reused"');
    expect(files.get("api/hooks.html")).toContain("POST to the address of your webhook");
    expect(files.get("api/schemas/EmailSend.html")).toContain("object.subject");
  });

  it("lists its Markdown for language models", () => {
    const targets = [...(files.get("llms.txt") ?? "").matchAll(/\]\(([^)]+)\)/g)].map(([, target = ""]) => target);
    expect(targets).toContain("integrate.md");
    expect(targets.filter((target) => !files.has(target))).toEqual([]);
  });
});

describe("addresses of the site", () => {
  it.each([
    ["README.md", ""],
    ["docs/php.md", "php"],
    ["docs/platforms/email.md", "platforms/email"],
    ["examples/chat/README.md", "examples/chat"],
  ])("%s is at /docs/%s", (path, address) => expect(addressOf(path)).toBe(address));

  it("are relative, so that they hold under any base path", () => {
    expect(relativeAddress("", "php")).toBe("php");
    expect(relativeAddress("platforms/email", "php")).toBe("../php");
    expect(relativeAddress("php", "")).toBe("./");
    expect(relativeAddress("platforms/email", "")).toBe("../");
    expect(relativeAddress("platforms/email", "../openapi.json")).toBe("../../openapi.json");
  });
});

function targetsOf(html: string): readonly string[] {
  return [...html.matchAll(/ (?:href|src)="([^"]+)"/g)].map(([, target = ""]) => target);
}

function leadsSomewhere(from: string, target: string): boolean {
  if (/^(?:https?|mailto|xmpp|irc|acct):/.test(target)) return true;
  const [path = "", anchor] = target.split("#");
  const address = path === "" ? from : posix.join(posix.dirname(from), path);
  if (ELSEWHERE.includes(address)) return true;
  const page = address === "." || address.endsWith("./") || address === "./" ? "index.html" : address;
  const html = files.get(page) ?? files.get(`${page.replace(/\/$/, "")}.html`);
  return html !== undefined && (anchor === undefined || html.includes(` id="${decodeURIComponent(anchor)}"`));
}
