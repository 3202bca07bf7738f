import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { addServiceEnvironment } from "../../../src/cli/service-environment.ts";

const dir = mkdtempSync(join(tmpdir(), "dgm-env-"));
afterAll(() => rmSync(dir, { recursive: true }));
const serviceFile = join(dir, "dragoman.env");
writeFileSync(serviceFile, "# Settings\nDATA_DIR=/var/lib/dragoman\nPORT=8001\n");

describe("addServiceEnvironment", () => {
  it("adds the service's settings where the environment names no installation", () => {
    const env = { PORT: "9000" };
    expect(addServiceEnvironment({ given: undefined, serviceFile, env })).toBe(serviceFile);
    expect(env).toEqual({ PORT: "9000", DATA_DIR: "/var/lib/dragoman" });
  });

  it.each(["DATA_DIR", "REDIS_URL", "MASTER_KEY_FILE"])("leaves an environment with %s as it is", (name) => {
    const env = { [name]: "x" };
    expect(addServiceEnvironment({ given: undefined, serviceFile, env })).toBeUndefined();
    expect(env).toEqual({ [name]: "x" });
  });

  it("reads a named file whatever the environment names", () => {
    const env = { DATA_DIR: "/mine" };
    expect(addServiceEnvironment({ given: serviceFile, serviceFile: join(dir, "none"), env })).toBe(serviceFile);
    expect(env).toEqual({ DATA_DIR: "/mine", PORT: "8001" });
  });

  it("does nothing where no service is installed", () => {
    const env = {};
    expect(addServiceEnvironment({ given: undefined, serviceFile: join(dir, "none"), env })).toBeUndefined();
    expect(env).toEqual({});
  });

  it("takes the master key beside the file", () => {
    writeFileSync(join(dir, "master.key"), "");
    const env = {};
    addServiceEnvironment({ given: undefined, serviceFile, env });
    expect(env).toMatchObject({ MASTER_KEY_FILE: join(dir, "master.key") });
  });
});
