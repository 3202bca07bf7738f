import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requireInstallation } from "../../../src/cli/installation.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "dgm-installation-"));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const check =
  (redisUrl: string, masterKeyFile = "") =>
  () =>
    requireInstallation({ dataDir, redisUrl, masterKeyFile });

describe("requireInstallation", () => {
  it("refuses an empty data folder and names the remedies", () => {
    expect(check("")).toThrow(/there is no .*master\.key.*dragoman serve.*--env-file FILE/);
  });

  it("refuses a key file without the private Redis", () => {
    writeFileSync(join(dataDir, "master.key"), "");
    expect(check("")).toThrow(/holds no data/);
  });

  it("refuses a REDIS_URL without its key file", () => {
    expect(check("redis://127.0.0.1", join(dataDir, "other.key"))).toThrow(/there is no .*other\.key/);
  });

  it("accepts a key file with the private Redis or a REDIS_URL", () => {
    writeFileSync(join(dataDir, "master.key"), "");
    expect(check("redis://127.0.0.1")).not.toThrow();
    mkdirSync(join(dataDir, "redis"));
    expect(check("")).not.toThrow();
  });
});
