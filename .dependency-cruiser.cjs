/** Who may import whom: the words <- platforms <- core <- routes, workers <- main. See docs/architecture.md. */
const WORDS =
  "^src/(platform|failure|activity|event|validate|log|reading|search|oauth2|threads|turns|held|push|consent|doing|secured|validate-alternatives)\\.ts$";
module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "words-stand-alone",
      severity: "error",
      from: { path: WORDS },
      to: { path: "^(src|routes|workers|openapi)/", pathNot: WORDS },
    },
    {
      name: "a-platform-knows-itself-and-the-words",
      severity: "error",
      from: { path: "^src/platforms/([^/]+)/" },
      to: { path: "^(src|routes|workers|openapi)/", pathNot: [WORDS, "^src/platforms/$1/"] },
    },
    {
      name: "core-knows-no-http",
      severity: "error",
      from: { path: "^src/(?!main[a-z-]*\\.ts|cli/)" },
      to: { path: "^(routes|workers|openapi)/" },
    },
    {
      name: "core-knows-no-platform",
      severity: "error",
      from: { path: "^src/(?!main[a-z-]*\\.ts|cli/|platforms/|sandbox/)" },
      to: { path: "^src/platforms/" },
    },
    { name: "routes-and-workers-apart", severity: "error", from: { path: "^routes/" }, to: { path: "^workers/" } },
    { name: "workers-and-routes-apart", severity: "error", from: { path: "^workers/" }, to: { path: "^routes/" } },
    {
      name: "nobody-imports-main",
      severity: "error",
      from: { pathNot: "^src/(cli/|main[a-z-]*\\.ts$)" },
      to: { path: "^src/main[a-z-]*\\.ts$" },
    },
    {
      name: "sockets-only-in-egress",
      comment: "Users' addresses are opened by the guard alone; the platforms' own libraries get sockets from it.",
      severity: "error",
      from: {
        path: "^(src|routes|workers)/",
        pathNot: [
          "^src/delivery/egress",
          "^src/listen\\.ts$",
          "^src/redis/",
          "^src/main[a-z-]*\\.ts$",
          "^src/cli/",
          "^src/sandbox/",
          // SRV records: what may be dialled is still the guard's to decide.
          "^src/platforms/xmpp/locate\\.ts$",
          // Start TLS on sockets that the guard opened.
          "^src/secured\\.ts$",
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
