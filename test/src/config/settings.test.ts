import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError, readConfig, settings } from "../../../src/config/settings.ts";

describe("settings", () => {
  it("have working defaults", () => {
    expect(readConfig({})).toMatchObject({
      host: "127.0.0.1",
      port: 8000,
      basePath: "/gateway",
      role: "all",
      heartbeatSeconds: 15,
      trustProxy: ["loopback"],
    });
    expect(readConfig({}).dataDir).toMatch(/\/data$/);
  });

  it.each([
    ["PORT", "80000"],
    ["PORT", "eighty"],
    ["BASE_PATH", "gateway"],
    ["BASE_PATH", "/a b"],
    ["TRUST_PROXY", "true"],
    ["TRUST_PROXY", "*"],
    ["ALLOWED_ORIGINS", "https://example.org/path"],
    ["ALLOWED_ORIGINS", "*"],
    ["ROLE", "boss"],
    ["REDIS_URL", "http://localhost"],
    ["SMTP_URL", "mail.example.org"],
    ["HEARTBEAT_SECONDS", "0"],
    ["LOG_LEVEL", "loud"],
    ["PUBLIC_URL", "example.org"],
    ["REDIS_FETCH", "perhaps"],
    ["ALLOW_PRIVATE", "intranet"],
    ["ALLOW_PRIVATE", "10.0.0.0/33"],
    ["ALLOW_PRIVATE", "10.0.0.0/8/8"],
  ])("name the invalid setting: %s=%s", (name, value) => {
    expect(() => readConfig({ [name]: value })).toThrow(ConfigError);
    expect(() => readConfig({ [name]: value })).toThrow(new RegExp(`^${name}: takes`));
  });

  it("accept networks of both address families", () => {
    const { allowPrivate } = readConfig({ ALLOW_PRIVATE: "10.0.0.0/8, fd00::/8,192.168.1.1" });
    expect(allowPrivate).toEqual(["10.0.0.0/8", "fd00::/8", "192.168.1.1"]);
  });

  it("throw no other error, and never repeat a possible password", () => {
    const names = Object.values(settings).map(({ env }) => env);
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.string({ minLength: 8 }), (name, value) => {
        try {
          readConfig({ [name]: value });
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
          expect((error as Error).message).not.toContain(value);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("accept an empty base path as the root", () => {
    expect([readConfig({ BASE_PATH: "/" }).basePath, readConfig({ BASE_PATH: "" }).basePath]).toEqual(["", ""]);
  });
});
