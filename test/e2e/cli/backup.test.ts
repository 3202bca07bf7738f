import { appendFile, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandLine } from "../../support/command-line.ts";
import { firstKey, gatewayProcess } from "../../support/gateway-process.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dgm-backup-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const at = (...parts: readonly string[]) => join(dir, ...parts);
const dragoman = (data: string, ...args: readonly string[]) =>
  commandLine({ DATA_DIR: at(data), PLATFORMS: "+dummy" })(args);
const send = (rid: string) =>
  ["send", "--platform", "dummy", "--verb", "echo", "--from", "a", "--to", "b", "--rid", rid] as const;

describe("dragoman backup and restore", { timeout: 120_000 }, () => {
  it("bring a running gateway's apps, keys and activities to another folder", async () => {
    const gateway = await gatewayProcess({ role: "all", dataDir: at("old") });
    const key = await firstKey(at("old"));
    try {
      expect((await dragoman("old", ...send("before"))).code).toBe(0);
      const { code, out } = await dragoman("old", "backup", at("copy"), "--with-key");
      expect([code, out.trim()]).toEqual([0, at("copy")]);
      expect((await dragoman("old", ...send("after"))).code).toBe(0);
    } finally {
      await gateway.stop();
    }
    expect((await stat(at("copy"))).mode & 0o077).toBe(0);
    expect((await dragoman("new", "restore", at("copy"))).code).toBe(0);
    const restored = await gatewayProcess({ role: "all", dataDir: at("new") });
    try {
      const answer = (rid: string) =>
        fetch(`${restored.base}/activities/${rid}`, { headers: { Authorization: `Bearer ${key}` } });
      expect(await (await answer("before")).json()).toMatchObject({ rid: "before", status: "sent" });
      expect((await answer("after")).status).toBe(404);
    } finally {
      await restored.stop();
    }
  });

  it("work without a running gateway, and leave the key out unless asked", async () => {
    const { code, stderr } = await dragoman("old", "backup", at("second"));
    expect([code, stderr]).toEqual([0, expect.stringContaining("master.key is not in it")]);
    expect(await readdir(at("second"))).toEqual(["backup.json", "redis"]);
    const refused = await dragoman("keyless", "restore", at("second"));
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("no key file")]);
  });

  it("refuse to overwrite what is there", async () => {
    const again = await dragoman("old", "backup", at("second"));
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("exists")]);
    const over = await dragoman("old", "restore", at("second"));
    expect([over.code, over.stderr]).toEqual([1, expect.stringContaining("holds data")]);
  });

  it("refuse a copy that was changed, before anything is restored", async () => {
    const { files } = JSON.parse(await readFile(at("copy", "backup.json"), "utf8"));
    await appendFile(at("copy", files[0].path), "x");
    const { code, stderr } = await dragoman("third", "restore", at("copy"));
    expect([code, stderr]).toEqual([1, expect.stringContaining("was changed")]);
    await expect(stat(at("third"))).rejects.toThrow("ENOENT");
  });

  it("refuse where no gateway has run, where Redis is another's, and folders that can't be written", async () => {
    expect((await dragoman("nothing", "backup", at("x"))).code).toBe(78);
    await expect(stat(at("nothing"))).rejects.toThrow("ENOENT");
    const foreign = commandLine({ DATA_DIR: at("old"), REDIS_URL: "redis://127.0.0.1:1" });
    const refused = await foreign(["backup", at("x")]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("REDIS_URL")]);
    const unwritable = await dragoman("old", "backup", at("old", "master.key", "copy"));
    expect([unwritable.code, unwritable.stderr]).toEqual([1, expect.stringContaining("can't be written")]);
  });
});
