import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { associatedData } from "../../../src/crypto/associated-data.ts";
import { keyring } from "../../../src/crypto/keyring.ts";
import { exportApiKeyFile, stageKeyVersion } from "../../../src/rotation/rotate-keys.ts";

let dir: string;
let path: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "dgm-keys-"));
  path = join(dir, "deep", "master.key");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const here = associatedData("account", "app", "email", "bob@example.com", "1");

describe("the key file", () => {
  test("is created on the first run, private to its owner, and kept", async () => {
    const first = await keyring({ path, opens: true });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const second = await keyring({ path, opens: true });
    expect(second.state()).toEqual(first.state());
    expect(await second.open(await first.seal("secret", here), here)).toBe("secret");
  });

  test("is the same for processes that start together", async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => keyring({ path, opens: true })));
    expect(new Set(all.map((ring) => JSON.stringify([...ring.state().fingerprints]))).size).toBe(1);
  });

  test.each([
    ["", "no JSON"],
    ["{", "no JSON"],
    ["{}", "damaged"],
    ['{"format":"dragoman-keys-1","current":2,"versions":[]}', "damaged"],
    ["null", "damaged"],
  ])("with %j is refused by name", async (content, reason) => {
    const file = join(dir, "bad.key");
    await writeFile(file, content);
    await expect(keyring({ path: file, opens: true })).rejects.toThrow(reason);
    await expect(keyring({ path: file, opens: true })).rejects.toThrow(file);
    expect(await readFile(file, "utf8")).toBe(content);
  });

  test("with a truncated key is refused", async () => {
    await keyring({ path, opens: true });
    const file = JSON.parse(await readFile(path, "utf8"));
    file.versions[0].public = file.versions[0].public.slice(0, 20);
    await writeFile(path, JSON.stringify(file));
    await expect(keyring({ path, opens: true })).rejects.toThrow(/damaged/);
  });
});

describe("sealing", () => {
  test("never yields the same value twice, and restores the text", async () => {
    const ring = await keyring({ path, opens: true });
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), fc.array(fc.string()), async (text, parts) => {
        const where = associatedData(...parts);
        const [first, second] = [await ring.seal(text, where), await ring.seal(text, where)];
        expect(first).not.toBe(second);
        expect(await ring.open(first, where)).toBe(Buffer.from(text).toString());
      }),
      { numRuns: 30 },
    );
  });

  test("refuses any flipped bit and any other kind of value", async () => {
    const ring = await keyring({ path, opens: true });
    const sealed = await ring.seal("secret", here);
    const shared = await ring.sealShared(Buffer.from("secret"), here);
    const letters = fc.constantFrom("A", "Q", "_", ".", "1");
    await fc.assert(
      fc.asyncProperty(fc.nat(), letters, async (seed, letter) => {
        for (const [value, open] of [
          [sealed, ring.open],
          [shared, ring.openShared],
        ] as const) {
          // The last digit of a part holds unused bits, which decode alike.
          const i = seed % value.length;
          const changed = value.slice(0, i) + letter + value.slice(i + 1);
          const bytes = (text: string) =>
            text
              .split(".")
              .map((part) => Buffer.from(part, "base64url").toString("hex"))
              .join();
          fc.pre(bytes(changed.slice(1)) !== bytes(value.slice(1)) || changed[0] !== value[0]);
          await expect(open(changed, here)).rejects.toThrow();
        }
      }),
      { numRuns: 100 },
    );
    await expect(ring.open(shared, here)).rejects.toThrow(/damaged/);
    await expect(ring.openShared(sealed, here)).rejects.toThrow(/damaged/);
    await expect(ring.openShared(`${shared.split(".").slice(0, 2).join(".")}.AAAA`, here)).rejects.toThrow();
  });

  test("binds a value to its place", async () => {
    const ring = await keyring({ path, opens: true });
    const sealed = await ring.seal("secret", here);
    const shared = await ring.sealShared(Buffer.from("secret"), here);
    for (const parts of [
      ["account", "other", "email", "bob@example.com", "1"],
      ["account", "app", "xmpp", "bob@example.com", "1"],
      ["account", "app", "email", "bob@example.org", "1"],
      ["account", "app", "email", "bob@example.com", "2"],
      ["account", "app", "emailbob@example.com", "", "1"],
      ["listener key", "app", "email", "bob@example.com", "1"],
      ["account|app|email|bob@example.com|1"],
    ]) {
      await expect(ring.open(sealed, associatedData(...parts))).rejects.toThrow(/does not belong/);
      await expect(ring.openShared(shared, associatedData(...parts))).rejects.toThrow(/does not belong/);
    }
  });

  test("gives any two places different associated data", () => {
    const parts = fc.array(fc.string({ unit: fc.constantFrom("a", "|", "\0", ",") }), { maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (first, second) => {
        fc.pre(JSON.stringify(first) !== JSON.stringify(second));
        expect(associatedData(...first).equals(associatedData(...second))).toBe(false);
      }),
    );
  });
});

describe("an API-only machine", () => {
  test("has no private key: seals, opens shared values, and reports that it cannot open logins", async () => {
    const worker = await keyring({ path, opens: true });
    const exported = join(dir, "api.key");
    await exportApiKeyFile(path, exported);
    expect((await stat(exported)).mode & 0o777).toBe(0o600);
    expect(await readFile(exported, "utf8")).not.toContain("private");
    const secret = JSON.parse(await readFile(path, "utf8")).versions[0].private;
    expect(await readFile(exported, "utf8")).not.toContain(secret);
    const api = await keyring({ path: exported, opens: true });
    const sealed = await api.seal("secret", here);
    await expect(api.open(sealed, here)).rejects.toThrow(/can seal, not open/);
    expect(await worker.open(sealed, here)).toBe("secret");
    expect((await api.openShared(await worker.sealShared(Buffer.from("x"), here), here)).toString()).toBe("x");
    expect(api.state()).toEqual(worker.state());
  });

  test("drops the private key even where the file has one", async () => {
    const api = await keyring({ path, opens: false });
    await expect(api.open(await api.seal("secret", here), here)).rejects.toThrow(/can seal, not open/);
  });

  test("has an exported key file that replaces no file and cannot be rotated", async () => {
    await keyring({ path, opens: true });
    await expect(exportApiKeyFile(path, path)).rejects.toThrow(/exists already/);
    await exportApiKeyFile(path, join(dir, "api.key"));
    await expect(stageKeyVersion(join(dir, "api.key"))).rejects.toThrow(/export/);
  });
});

describe("a new key version", () => {
  test("is known but unused when staged; a running process loads it on first use", async () => {
    let time = 0;
    const running = await keyring({ path, opens: true, now: () => time });
    const old = await running.seal("old", here);
    expect(await stageKeyVersion(path)).toBe(2);
    expect(await stageKeyVersion(path)).toBe(2);
    const staged = await keyring({ path, opens: true });
    expect(staged.state().current).toBe(1);
    expect(staged.state().fingerprints.size).toBe(2);
    const file = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...file, current: 2 }));
    const newer = await keyring({ path, opens: true });
    const sealed = await newer.seal("new", here);
    expect(sealed.startsWith("h2.")).toBe(true);
    expect(await running.open(sealed, here)).toBe("new");
    expect(await running.open(old, here)).toBe("old");
    expect(await newer.open(old, here)).toBe("old");
    time = 5_000;
    expect((await running.seal("later", here)).startsWith("h2.")).toBe(true);
  });

  test("is used within 5 s by a process that only seals", async () => {
    let time = 0;
    const running = await keyring({ path, opens: false, now: () => time });
    await stageKeyVersion(path);
    const file = JSON.parse(await readFile(path, "utf8"));
    await writeFile(path, JSON.stringify({ ...file, current: 2 }));
    time = 4_999;
    expect((await running.seal("x", here)).startsWith("h1.")).toBe(true);
    time = 5_000;
    expect((await running.seal("x", here)).startsWith("h2.")).toBe(true);
  });

  test("that no file has is reported by number and place", async () => {
    const ring = await keyring({ path, opens: true });
    const sealed = (await ring.seal("x", here)).replace("h1.", "h9.");
    await expect(ring.open(sealed, here)).rejects.toThrow(`Version 9 of the keys is not in ${path}`);
  });
});
