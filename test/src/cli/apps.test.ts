import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appCommands } from "../../../src/cli/apps.ts";
import { keyCommands } from "../../../src/cli/keys.ts";
import { keyring } from "../../../src/crypto/keyring.ts";
import { type AuthFixture, authFixture } from "../../support/auth-fixture.ts";
import { runCommand } from "../../support/command-run.ts";

let fixture: AuthFixture;
let dir: string;
beforeAll(async () => {
  fixture = await authFixture();
  dir = await mkdtemp(join(tmpdir(), "dgm-cli-"));
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
  await fixture.stop();
});

/** Runs a command line as `dragoman` would. */
async function dragoman(...args: string[]) {
  const out: string[] = [];
  const stderr: string[] = [];
  let closed = 0;
  const io = { out: (line: string) => out.push(line), say: (line: string) => stderr.push(line) };
  const program = new Command("dragoman");
  const close = async () => {
    closed += 1;
  };
  const deleteApp = async (name: string) => ({
    id: `id of ${name}`,
    accounts: 2,
    webhooks: 1,
    keys: 0,
    isFileRewritten: true,
  });
  appCommands(program, async () => ({ registry: fixture.registry, deleteApp, close }), io);
  const tools = async () => ({
    redis: fixture.client,
    keyring: await keyring({ path: fixture.ring.path, opens: true }),
    close,
  });
  keyCommands(program, { keyFile: () => fixture.ring.path, connect: tools }, io);
  const code = await runCommand(program, args, { out, stderr });
  return { out: out.join("\n"), stderr: stderr.join("\n"), code, closed };
}

test("app create prints only the key on standard output, once", async () => {
  const { out, stderr, code, closed } = await dragoman("app", "create", "shop", "--scopes", "listen,send");
  expect(out).toMatch(/^dgm_\w{12}_\w{43}_\w{6}$/);
  expect(stderr).toContain("shown only once");
  expect(stderr).not.toContain(out);
  expect([code, closed]).toEqual([0, 1]);
  const listed = await dragoman("app", "list");
  expect(listed.out).toContain("shop");
  expect(listed.out).toContain("send,listen");
  expect(listed.out).not.toContain(out);
});

test("app rotate and revoke, by name, by key id or by the whole key", async () => {
  const first = await dragoman("app", "create", "turn");
  const second = await dragoman("app", "rotate", "turn");
  expect(second.out).toMatch(/^dgm_/);
  const third = await dragoman("app", "rotate", "turn");
  expect([third.code, third.closed]).toEqual([1, 1]);
  expect(third.stderr).toMatch(/two live keys/);
  const gone = await dragoman("app", "revoke", first.out);
  expect(gone.out).toBe(first.out.split("_")[1]);
  expect((await dragoman("app", "revoke", "turn")).out).toBe(second.out.split("_")[1]);
  expect((await dragoman("app", "revoke", "turn")).stderr).toContain("no live key");
});

test.each([
  [["app", "create", "shop"], /in use/],
  [["app", "create", ""], /name has/],
  [["app", "create", "x", "--scopes", "root"], /--scopes takes/],
  [["app", "create", "x", "--scopes", ""], /--scopes takes/],
  [["app", "create"], /missing required argument/],
  [["app", "rotate", "nobody"], /no such app/],
  [["app", "revoke", "nobody"], /no such app/],
  [["key", "export-api"], /missing required argument/],
])("%j fails with a message", async (args, pattern) => {
  const { stderr, code, out } = await dragoman(...args);
  expect(stderr).toMatch(pattern);
  expect(code).toBe(1);
  expect(out).toBe("");
});

test("help names every command", async () => {
  const { out } = await dragoman("app", "--help");
  for (const name of ["create", "list", "rotate", "revoke"]) expect(out).toContain(name);
});

test("key export-api writes a private file without private keys, once", async () => {
  const file = join(dir, "api.key");
  expect((await dragoman("key", "export-api", file)).code).toBe(0);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, "utf8")).not.toContain("private");
  const again = await dragoman("key", "export-api", file);
  expect([again.code, again.out]).toEqual([1, ""]);
  expect(again.stderr).toContain("exists already");
});

test("key rotate stages first on request, then uses the staged key", async () => {
  await fixture.accounts.put("any", { platform: "email", address: "a@b.c", credentials: {}, online: false });
  expect((await dragoman("key", "rotate", "--stage")).stderr).toContain("Version 2");
  const exported = join(dir, "staged.key");
  await dragoman("key", "export-api", exported);
  const api = await keyring({ path: exported, opens: false });
  const rotated = await dragoman("key", "rotate");
  expect(rotated.stderr).toContain("Version 2 is in use");
  expect(rotated.closed).toBe(1);
  const app = (await fixture.registry.list())[0];
  const record = await fixture.registry.find(app?.keys[0]?.id ?? "");
  expect(record?.sealedListenerKey).toMatch(/^s2\./);
  const { listenerKeyData: listenerWhere } = await import("../../../src/apps/key-record.ts");
  expect(
    await api.openShared(record?.sealedListenerKey ?? "", listenerWhere(app?.id ?? "", record?.id ?? "")),
  ).toHaveLength(32);
});

test("--json prints apps and keys as the API does", async () => {
  const create = await dragoman("app", "create", "json", "--scopes", "send", "--json");
  const created = JSON.parse(create.out);
  expect(created).toEqual({
    app: expect.any(String),
    name: "json",
    keyId: expect.any(String),
    key: expect.stringMatching(/^dgm_/),
  });
  const apps = (await dragoman("app", "list", "--json")).out.split("\n").map((line) => JSON.parse(line));
  expect(apps).toEqual(await fixture.registry.list());
  const second = JSON.parse((await dragoman("app", "rotate", "json", "--json")).out);
  expect(second).toMatchObject({ app: created.app, name: "json", key: expect.stringMatching(/^dgm_/) });
  const revoked = (await dragoman("app", "revoke", "json", "--json")).out.split("\n").map((line) => JSON.parse(line));
  expect(new Set(revoked.map(({ id }) => id))).toEqual(new Set([created.keyId, second.keyId]));
  const gone = await dragoman("app", "delete", "json", "--yes", "--json");
  expect(JSON.parse(gone.out)).toMatchObject({ id: "id of json", accounts: 2, webhooks: 1 });
});

test("--json prints what became of the keys", async () => {
  const file = join(dir, "json.key");
  expect(JSON.parse((await dragoman("key", "create", "--json")).out)).toEqual({ file: fixture.ring.path });
  expect(JSON.parse((await dragoman("key", "export-api", file, "--json")).out)).toEqual({ file });
  const [app] = await fixture.registry.list();
  await fixture.accounts.put(app?.id ?? "", { platform: "email", address: "d@e.f", credentials: {}, online: false });
  const staged = JSON.parse((await dragoman("key", "rotate", "--stage", "--json")).out);
  const rotated = JSON.parse((await dragoman("key", "rotate", "--json")).out);
  expect(rotated).toEqual({ ...staged, accounts: 1, hooks: 0, keys: expect.any(Number) });
});

test("an error stays a sentence on standard error with --json", async () => {
  const { out, stderr, code } = await dragoman("app", "rotate", "nobody", "--json");
  expect([out, code]).toEqual(["", 1]);
  expect(stderr).toMatch(/^error: There is no such app/);
});

test("app delete asks for --yes and prints the deleted app's id", async () => {
  const refused = await dragoman("app", "delete", "old shop");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("--yes");
  const { out, stderr, code, closed } = await dragoman("app", "delete", "old shop", "--yes");
  expect([out, code, closed]).toEqual(["id of old shop", 0, 1]);
  expect(stderr).toContain("2 accounts and 1 webhooks");
});
