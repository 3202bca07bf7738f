/**
 * Who may import whom. A folder imports folders of lower floors only; docs/architecture.md has the picture.
 * `layer` lists the floors from the bottom; a folder on the same floor may be imported while no circle arises.
 */
const FLOORS = [
  ["src/model", "src/config", "src/timing"],
  ["src/platform(?!s|/kit)", "src/redis", "src/process", "src/tracing"],
  ["src/outbox", "src/event-log", "src/polling", "src/egress", "src/crypto", "src/platform/kit", "src/event-formats"],
  [
    "src/accounts",
    "src/apps",
    "src/consents",
    "src/console",
    "src/streaming",
    "src/suppressions",
    "src/platforms/[^/]+/",
  ],
  ["src/delivery", "src/inbound", "src/webhooks", "src/sandbox", "src/platforms/index\\.ts"],
  ["src/connections", "src/intake", "src/rotation"],
  ["src/operations", "workers"],
  ["routes", "src/submission"],
  ["openapi", "src/main", "src/cli"],
];

const pathOf = (folders) => `^(${folders.join("|")})`;
const floorRules = FLOORS.slice(0, -1).map((folders, floor) => ({
  name: `floor-${floor}-imports-nothing-above`,
  severity: "error",
  from: { path: pathOf(folders) },
  to: { path: pathOf(FLOORS.slice(floor + 1).flat()) },
}));

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "no-folder-cycles", severity: "error", scope: "folder", from: {}, to: { circular: true } },
    ...floorRules,
    {
      name: "platforms-import-only-the-seam",
      severity: "error",
      from: { path: "^src/platforms/([^/]+)/" },
      to: { path: "^(src|routes|workers|openapi)/", pathNot: ["^src/(platform|model|timing)/", "^src/platforms/$1/"] },
    },
    {
      name: "core-imports-no-platform",
      severity: "error",
      from: { path: "^src/(?!main|cli/|platforms/|sandbox/)" },
      to: { path: "^src/platforms/" },
    },
    { name: "routes-import-no-workers", severity: "error", from: { path: "^routes/" }, to: { path: "^workers/" } },
    { name: "workers-import-no-routes", severity: "error", from: { path: "^workers/" }, to: { path: "^routes/" } },
    { name: "cli-imports-no-routes", severity: "error", from: { path: "^src/cli/" }, to: { path: "^routes/" } },
    {
      name: "only-cli-imports-main",
      severity: "error",
      from: { pathNot: "^src/(cli/|main(/|\\.ts$))" },
      to: { path: "^src/main(/|\\.ts$)" },
    },
    {
      name: "sockets-only-in-egress",
      comment: "Users' addresses are opened by the egress guard alone; platforms' libraries get their sockets from it.",
      severity: "error",
      from: {
        path: "^(src|routes|workers)/",
        pathNot: [
          "^src/egress/",
          "^src/process/listener\\.ts$",
          "^src/redis/",
          "^src/main(/|\\.ts$)",
          "^src/cli/",
          "^src/sandbox/",
          "^src/submission/",
          // A program of its own that speaks to the gateway.
          "^src/sendmail/",
          // SRV look-ups: the guard decides whether the resulting address may be opened.
          "^src/platforms/xmpp/client/srv\\.ts$",
          // TLS on sockets that the guard opened.
          "^src/platform/kit/start-tls\\.ts$",
        ],
      },
      to: { path: "^(net|tls|dns|dgram|undici|node:net|node:tls|node:dns)(/|$)", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "no-dev-in-shipped",
      severity: "error",
      from: { path: "^(src|routes|workers)/" },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "no-orphans",
      severity: "error",
      from: { orphan: true, pathNot: ["\\.d\\.ts$", "^src/cli/main\\.ts$", "^openapi/write\\.ts$"] },
      to: {},
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { extensions: [".ts", ".js"] },
  },
};
