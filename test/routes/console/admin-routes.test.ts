import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adminTokens } from "../../../src/console/admin-tokens.ts";
import { gateway } from "../../support/gateway.ts";
import { auditOf } from "./console-fixture.ts";

let gw: Awaited<ReturnType<typeof gateway>>;
let admin: string;
let viewer: string;
beforeAll(async () => {
  gw = await gateway({ CONSOLE: "false" }, { works: false });
  const tokens = adminTokens({ redis: gw.client });
  admin = (await tokens.create({ name: "deploy", role: "admin" }, 1))?.text ?? "";
  viewer = (await tokens.create({ name: "report", role: "viewer" }, 1))?.text ?? "";
});
afterAll(() => gw.stop());

async function ask(method: string, path: string, token: string, body?: unknown) {
  const answer = await fetch(`${gw.url}/gateway${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
}

describe("Administration by token", () => {
  it("makes an app, changes its key without interruption, and leaves entries in the audit log", async () => {
    const made = await ask("POST", "/admin/apps", admin, { name: "shop", scopes: ["send", "listen"] });
    expect(made).toMatchObject({ status: 201, body: { name: "shop", key: expect.stringMatching(/^dgm_/) } });
    const { app, keyId } = made.body;
    const second = await ask("POST", `/admin/apps/${app}/keys`, admin, {});
    expect(second).toMatchObject({ status: 201, body: { app, name: "shop" } });
    expect((await ask("POST", `/admin/apps/${app}/keys`, admin, {})).body).toMatchObject({
      code: "validation-failed",
      detail: expect.stringContaining("two live keys"),
    });
    expect((await ask("DELETE", `/admin/apps/${app}/keys/${keyId}`, admin)).status).toBe(204);
    expect((await ask("GET", "/activities", second.body.key)).status).toBe(200);
    const listed = await ask("GET", "/admin/apps", viewer);
    expect(listed.body.apps).toMatchObject([
      { id: app, name: "shop", keys: [{ id: second.body.keyId, scopes: ["send", "listen"] }] },
    ]);
    expect(JSON.stringify(listed.body)).not.toMatch(/hash|dgm_|sealed/i);
    await expect
      .poll(async () => (await auditOf(gw)).map(({ name, action, status }) => [name, action, status]).toReversed())
      .toEqual([
        ["deploy", "create app", 201],
        ["deploy", "create key", 201],
        ["deploy", "create key", 422],
        ["deploy", `revoke key ${keyId}`, 204],
      ]);
  });

  it("lets a viewer look only", async () => {
    for (const [method, path, body] of [
      ["POST", "/admin/apps", { name: "mine" }],
      ["POST", "/admin/apps/none/keys", {}],
      ["DELETE", "/admin/apps/none/keys/none", undefined],
    ] as const)
      expect(await ask(method, path, viewer, body)).toMatchObject({ status: 403, body: { code: "forbidden" } });
  });

  it("revokes no key of another app", async () => {
    const one = await ask("POST", "/admin/apps", admin, { name: "one" });
    const other = await ask("POST", "/admin/apps", admin, { name: "other" });
    const path = `/admin/apps/${one.body.app}/keys/${other.body.keyId}`;
    expect((await ask("DELETE", path, admin)).status).toBe(404);
    expect((await ask("GET", "/activities", other.body.key)).status).toBe(200);
  });

  it("is refused with the console's cookie alone", async () => {
    const headers = { Cookie: `dragoman_console=${admin}`, Origin: gw.url };
    expect((await fetch(`${gw.url}/gateway/admin/apps`, { headers })).status).toBe(401);
  });
});
