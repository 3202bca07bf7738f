import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const PLATFORMS = fileURLToPath(new URL("../../../src/platforms/", import.meta.url));
const FILES = ["platform.ts", "credentials.ts", "errors.ts", "recover.ts", "validate.ts", "oauth-consent.ts"];
const FOLDERS = ["schemas", "verbs", "inbound", "client"];
const REQUIRED = ["platform.ts", "errors.ts", "schemas", "verbs"];

const entries = readdirSync(PLATFORMS, { withFileTypes: true });
const platforms = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);

it("src/platforms has the platforms' folders and index.ts only", () => {
  expect(entries.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual(["index.ts"]);
});

describe.each(platforms)("src/platforms/%s", (platform) => {
  const content = readdirSync(join(PLATFORMS, platform), { withFileTypes: true });

  it("has only the files and folders of the common anatomy", () => {
    for (const entry of content) expect(entry.isDirectory() ? FOLDERS : FILES).toContain(entry.name);
    expect(content.map(({ name }) => name)).toEqual(expect.arrayContaining(REQUIRED));
  });

  it("exports only its table and types from platform.ts", () => {
    const source = readFileSync(join(PLATFORMS, platform, "platform.ts"), "utf8");
    const exported = source.match(/^export (?!type\b|interface\b).*/gm) ?? [];
    expect(exported).toEqual([expect.stringMatching(/^export function \w+\(.*$/)]);
    expect(source).toMatch(/return definePlatform(<.*>)?\(/);
  });
});
