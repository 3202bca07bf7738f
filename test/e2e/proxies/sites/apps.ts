import { MIRROR, type Site, type SiteRequest } from "./site.ts";

const FRONT_CONTROLLER_ASKS: readonly SiteRequest[] = [
  { path: "/" },
  { path: "/2026/11/a-post/?preview=true" },
  { path: "/wp-content/style.css" },
  { path: "/gatewayfoo/bar" },
  { path: "/Gateway/events" },
  { path: "/api/items/1", method: "DELETE", headers: { Authorization: "Bearer of-the-site" } },
  { path: "/form", method: "POST", body: "a=1&b=2", headers: { "Content-Type": "application/x-www-form-urlencoded" } },
];

/** Applications with a front controller of their own, and what they do with requests. */
export const apps: readonly Site[] = [
  {
    name: "wordpress-like",
    files: {
      "index.php": MIRROR,
      "wp-content/style.css": "body { margin: 0 }",
      ".htaccess": `<IfModule mod_rewrite.c>
RewriteEngine On
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteBase /
RewriteRule ^index\\.php$ - [L]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteRule . /index.php [L]
</IfModule>`,
    },
    requests: FRONT_CONTROLLER_ASKS,
  },
  {
    name: "drupal-like",
    files: {
      "index.php": MIRROR,
      "core.inc": "secret",
      ".htaccess": `<FilesMatch "\\.(inc|module|install)$">
Require all denied
</FilesMatch>
Options -Indexes
ErrorDocument 404 /index.php
RewriteEngine on
RewriteRule ^ - [E=protossl]
RewriteCond %{HTTPS} on
RewriteRule ^ - [E=protossl:s]
RewriteRule "(^|/)\\.(?!well-known)" - [F]
RewriteCond %{REQUEST_FILENAME} !-f
RewriteCond %{REQUEST_FILENAME} !-d
RewriteCond %{REQUEST_URI} !=/favicon.ico
RewriteRule ^ index.php [L]`,
    },
    requests: [...FRONT_CONTROLLER_ASKS, { path: "/core.inc" }, { path: "/.hidden" }, { path: "/favicon.ico" }],
  },
  {
    name: "laravel-like",
    files: {
      "index.php": MIRROR,
      ".htaccess": `<IfModule mod_negotiation.c>
Options -MultiViews -Indexes
</IfModule>
RewriteEngine On
RewriteCond %{HTTP:Authorization} .
RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]
RewriteCond %{REQUEST_FILENAME} !-d
RewriteCond %{REQUEST_URI} (.+)/$
RewriteRule ^ %1 [L,R=301]
RewriteCond %{REQUEST_FILENAME} !-d
RewriteCond %{REQUEST_FILENAME} !-f
RewriteRule ^ index.php [L]`,
    },
    requests: [...FRONT_CONTROLLER_ASKS, { path: "/users/" }, { path: "/users/?page=2" }],
  },
  {
    name: "vhost-rewrites",
    files: { "index.php": MIRROR, "shop.css": "p {}" },
    vhost: "RewriteEngine On\nRewriteCond %{DOCUMENT_ROOT}%{REQUEST_URI} !-f\nRewriteRule ^ /index.php [L]",
    requests: [...FRONT_CONTROLLER_ASKS, { path: "/shop.css" }],
  },
  {
    name: "fallback",
    files: { "index.php": MIRROR },
    vhost: "<Directory ROOT>\nFallbackResource /index.php\n</Directory>",
    requests: FRONT_CONTROLLER_ASKS,
  },
  {
    name: "own-paths",
    files: {
      "index.php": MIRROR,
      ".htaccess": "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^ index.php [L]",
    },
    requests: [
      ...[
        "/events",
        "/notify",
        "/notify?token=1",
        "/notify/",
        "/socket",
        "/metrics",
        "/accounts",
        "/activities",
        "/healthz",
      ].map((path) => ({ path })),
      {
        path: "/notify",
        method: "POST",
        body: "payment=done",
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
      },
      { path: "/events", headers: { Accept: "text/event-stream" } },
      { path: "/notify", method: "HEAD" },
    ],
  },
  {
    name: "odd-paths",
    files: {
      "index.php": MIRROR,
      ".htaccess": "RewriteEngine On\nRewriteCond %{REQUEST_FILENAME} !-f\nRewriteRule ^ index.php [L]",
    },
    requests: [
      "/a%20b+c;d=e,f/%C3%A4?x=%20&y=a+b&z=%2F",
      "//double//slash",
      "/a/./b/../c",
      "/a%2Fb",
      "/per%25cent",
      "/tilde~user",
      "/quote'\"",
      "/?",
      "/??a=?",
      "/colon:port@at",
      "/%7Euser",
      "/*",
    ].map((path) => ({ path })),
  },
  {
    name: "encoded-slashes",
    files: { "index.php": MIRROR },
    vhost: "AllowEncodedSlashes NoDecode\n<Directory ROOT>\nFallbackResource /index.php\n</Directory>",
    requests: [{ path: "/a%2Fb" }, { path: "/a%2Fb%2F?c=%2F" }],
  },
  {
    name: "methods",
    files: { "index.php": MIRROR },
    requests: ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "PROPFIND", "REPORT", "BREW", "SEARCH"].map((method) => ({
      path: "/index.php?m=1",
      method,
      ...(method === "PUT" || method === "PATCH" ? { body: "ä".repeat(100) } : {}),
    })),
  },
  {
    name: "statuses",
    files: {
      "index.php":
        "<?php $s = (int) $_GET['s']; http_response_code($s); if (!in_array($s, array(204, 304))) echo 'body of ', $s;",
    },
    requests: [200, 201, 202, 203, 204, 205, 206, 300, 304, 400, 401, 402, 409, 412, 422, 451, 500, 501, 507].map(
      (status) => ({
        path: `/index.php?s=${status}`,
      }),
    ),
  },
  {
    name: "sessions",
    files: {
      "index.php":
        "<?php session_id('0123456789abcdef'); session_start(); $_SESSION['n'] = 1; setcookie('a', 'b c', 0, '/', '', false, true); echo session_id();",
    },
    requests: [{ path: "/" }, { path: "/", headers: { Cookie: "PHPSESSID=0123456789abcdef; a=b" } }],
  },
];
