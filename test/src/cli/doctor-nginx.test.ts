import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeFiles } from "../../../src/cli/proxy-check.ts";
import { NGINX_DEFAULTS, nginxFiles } from "../../../src/cli/proxy-files.ts";
import { commandLine } from "../../support/command-line.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "dgm-doctor-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** The doctor's report on a machine whose nginx has this configuration. */
async function reportOn(name: string, events: string, files: ReadonlyMap<string, string>): Promise<string> {
  const [folder, programs] = [join(dir, name), join(dir, name, "bin")];
  await mkdir(programs, { recursive: true });
  await writeFiles(join(folder, "conf.d"), files);
  const main = join(folder, "nginx.conf");
  await writeFile(
    main,
    `pid ${folder}/pid; worker_processes 2; events { ${events} } http { access_log off; include ${folder}/conf.d/*.conf; }`,
  );
  await writeFile(join(programs, "nginx"), `#!/bin/sh\nexec /usr/sbin/nginx "$@" -c ${main}\n`);
  await chmod(join(programs, "nginx"), 0o755);
  const doctor = commandLine({ PATH: `${programs}:${process.env.PATH}`, DATA_DIR: join(folder, "data") });
  return (await doctor(["doctor"])).out;
}

describe("The doctor's word about nginx", () => {
  const shipped = (name: string) =>
    nginxFiles("snippets", {
      ...NGINX_DEFAULTS,
      NGINX_SNIPPETS: join(dir, name, "conf.d/snippets"),
      NGINX_LOG_DIR: dir,
    });

  it("warns of Debian's worker_connections, with the number of streams that fit", async () => {
    const report = await reportOn("debian", "worker_connections 768;", shipped("debian"));
    expect(report).toContain("! nginx: worker_connections 768: at most 384 streams at once in each of 2 nginx workers");
    expect(report).toContain("worker_connections 8192;");
  });

  it("is content with more", async () => {
    const report = await reportOn("large", "worker_connections 8192;", shipped("large"));
    expect(report).toContain("✓ nginx: worker_connections 8192: at most 4096 streams at once");
  });

  it("is none where nginx does not lead to the gateway", async () => {
    const report = await reportOn(
      "alone",
      "worker_connections 768;",
      new Map([["site.conf", "server { listen 8099; }"]]),
    );
    expect(report).toContain("DATA_DIR");
    expect(report).not.toContain("nginx");
  });
});
