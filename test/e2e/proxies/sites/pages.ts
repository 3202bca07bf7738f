import { createHash, randomBytes } from "node:crypto";
import { MIRROR, type Site } from "./site.ts";

const PAGE = "<!doctype html><title>Shop</title><p>Grüße aus dem Laden</p>\n";
const PICTURE = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
const LARGE = randomBytes(3_000_000);
const STAMP = "Sat, 28 Nov 2020 00:00:00 GMT";

/** `user:password` as Apache reads it. */
function passwords(user: string, password: string): string {
  return `${user}:{SHA}${createHash("sha1").update(password).digest("base64")}\n`;
}
const basic = (user: string, password: string) => ({
  Authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

/** Pages, files and what Apache itself says of them. */
export const pages: readonly Site[] = [
  {
    name: "static",
    files: {
      "index.html": PAGE,
      "shop.css": "p { color: red }",
      "shop.js": "let a = 1;",
      "shop.mjs": "export const a = 1;",
      "pic.png": PICTURE,
      "pic.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>",
      "font.woff2": PICTURE,
      "none.unknown": "?",
    },
    requests: [
      ...["/", "/shop.css?v=3", "/shop.js", "/shop.mjs", "/pic.png", "/pic.svg", "/font.woff2", "/none.unknown"].map(
        (path) => ({ path }),
      ),
      { path: "/shop.css", method: "HEAD" },
      { path: "/absent.css" },
    ],
  },
  {
    name: "php",
    files: { "index.php": MIRROR },
    requests: [{ path: "/" }, { path: "/index.php/path/info?a[]=1&a[]=2&b=%C3%A4", from: "127.0.0.2" }],
  },
  {
    name: "basic-auth",
    files: { "index.php": MIRROR, ".htpasswd": passwords("bob", "secret") },
    vhost:
      '<Location "/">\nAuthType Basic\nAuthName "Staff"\nAuthUserFile ROOT/.htpasswd\nRequire valid-user\n</Location>',
    requests: [
      { path: "/" },
      { path: "/", headers: basic("bob", "wrong") },
      { path: "/", headers: basic("bob", "secret") },
    ],
  },
  {
    name: "forbidden",
    files: { "index.html": PAGE, "inside.html": PAGE },
    vhost: '<LocationMatch "^/$">\nRequire all denied\n</LocationMatch>',
    requests: [{ path: "/" }, { path: "/inside.html" }],
  },
  { name: "no-front-page", files: { "inside/index.html": PAGE }, requests: [{ path: "/" }, { path: "/inside/" }] },
  {
    name: "not-found",
    files: { "index.php": "<?php http_response_code(404); echo 'Nothing here';" },
    requests: [{ path: "/" }],
  },
  {
    name: "redirects",
    files: {
      "dir/index.html": PAGE,
      "own.php": "<?php header('Location: http://redirects.example/dir/?a=b%20c', true, 302);",
      "secure.php": "<?php header('Location: https://redirects.example/dir/', true, 307);",
      "other.php": "<?php header('Location: http://elsewhere.example/dir/', true, 301);",
      "likely.php": "<?php header('Location: http://redirects.example.evil.example/', true, 303);",
      "relative.php": "<?php header('Location: dir/?x=1', true, 302);",
      "refresh.php": "<?php header('Refresh: 0; url=http://redirects.example/dir/'); echo 'moment';",
      "created.php": "<?php header('Location: /dir/7'); http_response_code(201);",
    },
    vhost: 'Redirect 301 "/old" "/new"\nRedirectMatch 410 "^/gone"',
    requests: [
      ...["/dir", "/dir?a=b", "/secure.php", "/other.php", "/likely.php", "/relative.php", "/created.php"].map(
        (path) => ({
          path,
        }),
      ),
      { path: "/old/page?x=%20" },
      { path: "/gone" },
    ],
  },
  {
    name: "cached",
    files: {
      "page.php": `<?php header('Cache-Control: public, max-age=60'); header('ETag: "v1"'); header('Vary: Accept-Language, Cookie');
header('Last-Modified: ${STAMP}'); header('Expires: ${STAMP}'); header('Pragma: cache');
if (isset($_SERVER['HTTP_IF_NONE_MATCH'])) { http_response_code(304); exit; } echo 'cached';`,
      "private.php":
        "<?php header('Cache-Control: private, no-store'); header('Set-Cookie: a=b; HttpOnly'); echo $_SERVER['REMOTE_ADDR'];",
      "index.html": PAGE,
    },
    vhost: "ExpiresActive On\nExpiresByType text/html A600",
    requests: [
      { path: "/page.php" },
      { path: "/page.php", headers: { "If-None-Match": '"v1"' } },
      { path: "/private.php" },
      { path: "/private.php", from: "127.0.0.3" },
      { path: "/" },
      { path: "/", headers: { "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT" } },
    ],
  },
  {
    name: "ranges",
    files: { "film.mp4": LARGE },
    requests: [
      { path: "/film.mp4" },
      { path: "/film.mp4", headers: { Range: "bytes=0-99" } },
      { path: "/film.mp4", headers: { Range: "bytes=-500" } },
      { path: "/film.mp4", headers: { Range: "bytes=2999999-" } },
      { path: "/film.mp4", headers: { Range: "bytes=9000000-" } },
      { path: "/film.mp4", headers: { Range: "bytes=0-9", "If-Range": '"other"' } },
    ],
  },
  {
    name: "compressed",
    files: { "index.html": PAGE.repeat(50), "index.php": "<?php echo str_repeat('compressible ', 500);" },
    vhost: "AddOutputFilterByType DEFLATE text/html text/css application/json",
    requests: [
      { path: "/index.html", headers: { "Accept-Encoding": "gzip" } },
      { path: "/index.html" },
      { path: "/index.php", headers: { "Accept-Encoding": "gzip, deflate, br" } },
    ],
  },
  {
    name: "errors",
    files: {
      "missing.html": "<h1>Our own 404</h1>",
      "broken.php": "<?php ini_set('display_errors', '0'); undefined_function();",
      "maintenance.php": "<?php http_response_code(503); header('Retry-After: 120'); echo 'Back soon';",
      "bad-gateway.php": "<?php http_response_code(502); echo 'Our own 502';",
      "slow-down.php": "<?php http_response_code(429); echo 'Our own 429';",
      "too-large.php": "<?php http_response_code(413); echo 'Our own 413';",
      "teapot.php": "<?php http_response_code(418); echo 'Short and stout';",
      "timeout.php": "<?php http_response_code(504); echo 'Our own 504';",
    },
    vhost: "ErrorDocument 404 /missing.html",
    requests: ["/nowhere", "/broken.php", "/maintenance.php", "/bad-gateway.php", "/slow-down.php", "/too-large.php"]
      .concat("/teapot.php", "/timeout.php")
      .map((path) => ({ path })),
  },
  {
    name: "headers",
    files: {
      "index.php": `<?php foreach (array('Content-Security-Policy: default-src \\'self\\'', 'X-Frame-Options: DENY', 'Server-Timing: db;dur=5',
'Strict-Transport-Security: max-age=60', 'Access-Control-Allow-Origin: *', 'X-Powered-By: Our own', 'Link: </a.css>; rel=preload',
'WWW-Authenticate: Custom', 'Accept-CH: DPR', 'X-Accel-Buffering: yes', 'Via: 1.0 us', 'Retry-After: 9') as $line) header($line);
echo 'many';`,
    },
    vhost: 'Header always set X-From-Apache "yes"',
    requests: [{ path: "/" }, { path: "/", method: "OPTIONS", headers: { Origin: "https://else.example" } }],
  },
  {
    name: "hidden",
    files: {
      ".git/config": "secret",
      ".well-known/acme-challenge/token": "proof",
      ".env": "secret",
      "list/a.txt": "a",
    },
    vhost: 'RedirectMatch 404 "/\\.(git|env)"\n<Directory ROOT/list>\nOptions +Indexes\n</Directory>',
    requests: ["/.git/config", "/.env", "/.well-known/acme-challenge/token", "/list/", "/.htaccess"].map((path) => ({
      path,
    })),
  },
  {
    name: "by-address",
    files: { "index.html": PAGE, "inside/index.html": PAGE },
    vhost: '<Location "/inside">\nRequire ip 127.0.0.7\n</Location>',
    requests: [{ path: "/inside/" }, { path: "/inside/", from: "127.0.0.7" }, { path: "/", from: "127.0.0.7" }],
  },
  {
    name: "languages",
    files: { "page.html.de": "Hallo", "page.html.en": "Hello" },
    vhost:
      "<Directory ROOT>\nOptions +MultiViews\nAddLanguage de .de\nAddLanguage en .en\nLanguagePriority en\nForceLanguagePriority Fallback Prefer\n</Directory>",
    requests: [
      { path: "/page", headers: { "Accept-Language": "de" } },
      { path: "/page", headers: { "Accept-Language": "en" } },
      { path: "/page" },
    ],
  },
];
