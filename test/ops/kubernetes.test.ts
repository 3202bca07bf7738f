import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { IHTTPGetAction } from "kubernetes-models/v1/HTTPGetAction";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { settings } from "../../src/config/settings.ts";
import { ROOT } from "../support/docs-samples.ts";
import { freePort } from "../support/free-port.ts";
import { builtEntry, type GatewayProcess, gatewayProcess } from "../support/gateway-process.ts";
import { FOLDER, readManifests, schemaFault, typeFaults } from "../support/kubernetes.ts";
import { type TestRedis, testRedis } from "../support/redis.ts";

const manifests = readManifests();
const kustomization = parse(readFileSync(join(FOLDER, "kustomization.yaml"), "utf8")) as {
  readonly resources: readonly string[];
  readonly images: ReadonlyArray<{ readonly name: string; readonly newTag: string }>;
};
const contentOf = (kind: string, name: string) =>
  manifests.find((manifest) => manifest.kind === kind && manifest.metadata.name === name)?.content;
const deployment = (name: string) => contentOf("Deployment", name) as IDeployment;
const podsOf = [
  deployment("dragoman-api"),
  deployment("dragoman-worker"),
  contentOf("StatefulSet", "dragoman-redis"),
] as ReadonlyArray<IDeployment | IStatefulSet>;
const containersOf = (one: IDeployment | IStatefulSet | undefined) => one?.spec?.template.spec?.containers ?? [];
const shared = (contentOf("ConfigMap", "dragoman-settings") as IConfigMap).data ?? {};

/** Settings that a pod's container is started with. */
function environmentOf(name: string): Record<string, string> {
  const [container] = containersOf(deployment(name));
  return { ...Object.fromEntries((container?.env ?? []).map((one) => [one.name, one.value ?? ""])), ...shared };
}

/** The commands of docs/kubernetes.md. */
const MAKE_KEYS = `
export MASTER_KEY_FILE=$PWD/master.key
node bin/dragoman.mjs key create
node bin/dragoman.mjs key export-api "$PWD/api.key"
`;

describe("the Kubernetes manifests", () => {
  it.each(manifests.map((one) => [one.kind, one.metadata.name, one] as const))(
    "have a %s %s that Kubernetes' schema takes",
    async (_kind, _name, manifest) => expect(await schemaFault(manifest)).toBeUndefined(),
  );

  it("name nothing that Kubernetes' types do not know", () => {
    expect(typeFaults(manifests)).toEqual([]);
    const misspelt = {
      apiVersion: "v1",
      kind: "Service",
      content: { apiVersion: "v1", kind: "Service", spec: { port: [] } },
    };
    expect(typeFaults([misspelt]).join()).toMatch(/port\W* does not exist in type 'IServiceSpec'/);
  });

  it("are all listed by the kustomization, and have images of full versions", () => {
    expect([...kustomization.resources].sort()).toEqual([...new Set(manifests.map(({ file }) => file))].sort());
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { readonly version: string };
    expect(kustomization.images).toMatchObject([{ name: "dragoman", newTag: version }]);
    const compose = readFileSync(join(ROOT, "ops/container/compose.yaml"), "utf8");
    const foreign = podsOf.flatMap(containersOf).flatMap(({ image = "" }) => (image === "dragoman" ? [] : [image]));
    expect(foreign).toHaveLength(1);
    for (const image of foreign) expect(compose).toContain(`image: ${image}\n`);
  });

  it("run every container without root, rights or a writable system", () => {
    for (const { spec } of podsOf) {
      const pod = spec?.template.spec;
      expect(pod).toMatchObject({ automountServiceAccountToken: false, securityContext: { runAsNonRoot: true } });
      for (const { securityContext, resources } of pod?.containers ?? []) {
        expect(securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
        expect(resources?.limits).toHaveProperty("memory");
      }
    }
  });

  it("mount volumes that exist, probe ports that exist, and select the pods that they make", () => {
    for (const { spec } of podsOf) {
      const pod = spec?.template.spec;
      const claims = (spec as { volumeClaimTemplates?: ReadonlyArray<{ metadata?: { name?: string } }> })
        .volumeClaimTemplates;
      const volumes = [
        ...(pod?.volumes ?? []).map(({ name }) => name),
        ...(claims ?? []).map(({ metadata }) => metadata?.name),
      ];
      for (const { volumeMounts = [], ports = [], readinessProbe, livenessProbe, startupProbe } of pod?.containers ??
        []) {
        for (const { name } of volumeMounts) expect(volumes).toContain(name);
        for (const probe of [readinessProbe, livenessProbe, startupProbe])
          if (probe?.httpGet) expect(ports.map(({ name }) => name)).toContain(probe.httpGet.port);
      }
      expect(spec?.template.metadata?.labels).toMatchObject(spec?.selector.matchLabels ?? { none: "selected" });
    }
    const labels = podsOf.map(({ spec }) => spec?.template.metadata?.labels);
    for (const { kind, content } of manifests) {
      const { selector } = (content as { spec?: { selector?: object & { matchLabels?: object } } }).spec ?? {};
      if (kind === "Service") expect(labels).toContainEqual(expect.objectContaining(selector ?? { none: "selected" }));
      if (kind === "PodDisruptionBudget")
        expect(labels).toContainEqual(expect.objectContaining(selector?.matchLabels ?? { none: "selected" }));
    }
  });

  it("give the API no key that opens logins, and set known settings only", () => {
    const secrets = (name: string) =>
      deployment(name).spec?.template.spec?.volumes?.flatMap(({ secret }) => secret?.secretName ?? []);
    expect([secrets("dragoman-api"), secrets("dragoman-worker")]).toEqual([["dragoman-api-key"], ["dragoman-keys"]]);
    const known = new Set<string>(Object.values(settings).map(({ env }) => env));
    for (const name of ["dragoman-api", "dragoman-worker"])
      expect(Object.keys(environmentOf(name)).filter((setting) => !known.has(setting))).toEqual([]);
  });
});

describe("pods of the Kubernetes manifests", () => {
  let dir: string;
  let redis: TestRedis;
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), "dgm-kubernetes-"));
    redis = await testRedis();
  });
  afterAll(async () => {
    await redis?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it("answer their probes with these settings and keys, and carry an activity out", async () => {
    const commands = MAKE_KEYS.replaceAll("bin/dragoman.mjs", builtEntry());
    execFileSync("bash", ["-euc", commands], { cwd: dir, env: { PATH: process.env.PATH, HOME: dir }, stdio: "pipe" });
    const processes: GatewayProcess[] = [];
    const started = async (role: "api" | "worker") => {
      const { ROLE, MASTER_KEY_FILE = "", ...env } = environmentOf(`dragoman-${role}`);
      expect(ROLE).toBe(role);
      const admin = await freePort();
      const process = await gatewayProcess({
        role,
        dataDir: join(dir, role),
        env: {
          ...env,
          REDIS_URL: redis.url,
          ADMIN_LISTEN: `127.0.0.1:${admin}`,
          MASTER_KEY_FILE: MASTER_KEY_FILE.replace("/keys", dir),
        },
      });
      processes.push(process);
      return {
        base: process.base,
        ports: { http: new URL(process.base || "http://none").host, admin: `127.0.0.1:${admin}` },
      };
    };
    try {
      const pods = { api: await started("api"), worker: await started("worker") };
      for (const role of ["api", "worker"] as const) {
        const [container] = containersOf(deployment(`dragoman-${role}`));
        const probes = [container?.startupProbe, container?.readinessProbe, container?.livenessProbe];
        for (const { path, port } of probes.flatMap((probe): IHTTPGetAction[] =>
          probe?.httpGet ? [probe.httpGet] : [],
        )) {
          const host = pods[role].ports[port as "http" | "admin"];
          expect((await fetch(`http://${host}${path}`)).status, `${role} ${path}`).toBe(200);
        }
      }
      // As `kubectl exec` runs it: in the API's pod, with its settings.
      const env = { REDIS_URL: redis.url, DATA_DIR: join(dir, "api"), MASTER_KEY_FILE: join(dir, "api.key") };
      const key = execFileSync(process.execPath, [builtEntry(), "app", "create", "shop"], {
        env,
        encoding: "utf8",
        stdio: "pipe",
      }).trim();
      const answer = await fetch(`${pods.api.base}/activities`, {
        method: "POST",
        headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json", Prefer: "wait=30" },
        body: JSON.stringify({
          platform: "dummy",
          verb: "echo",
          actor: { address: "a" },
          target: { address: "b" },
          object: {},
        }),
      });
      expect(await answer.json()).toMatchObject({ type: "result", status: "sent" });
    } finally {
      await Promise.all(processes.map((process) => process.stop()));
    }
  });
});
