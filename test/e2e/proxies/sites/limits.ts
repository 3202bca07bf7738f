import { MIRROR, type Site } from "./site.ts";

const COOKIES = Array.from({ length: 60 }, (_, n) => `c${n}=${"v".repeat(100)}`).join("; ");
const UPLOAD = Buffer.alloc(64 * 1024 * 1024, "upload of the site's own\n");
const FORM = [
  "--cut",
  'Content-Disposition: form-data; name="note"',
  "",
  "Grüße",
  "--cut",
  'Content-Disposition: form-data; name="file"; filename="a.txt"',
  "Content-Type: text/plain",
  "",
  "x".repeat(300_000),
  "--cut--",
  "",
].join("\r\n");

/** Sizes and times at which something between visitor and site could give up. */
export const limits: readonly Site[] = [
  {
    name: "big-headers",
    files: {
      "four.php":
        "<?php for ($n = 0; $n < 5; $n++) header('X-Large-' . $n . ': ' . str_repeat('a', 1000)); echo 'fine';",
      "cookies.php":
        "<?php for ($n = 0; $n < 60; $n++) header('Set-Cookie: c' . $n . '=' . str_repeat('v', 250) . '; Path=/', false); echo 'fine';",
      "many.php": "<?php for ($n = 0; $n < 150; $n++) header('X-' . $n . ': 1'); echo 'fine';",
      "one.php": "<?php header('Content-Security-Policy: ' . str_repeat(\"default-src 'self'; \", 350)); echo 'fine';",
    },
    requests: ["/four.php", "/cookies.php", "/many.php", "/one.php"].map((path) => ({ path })),
  },
  {
    name: "big-cookies",
    files: { "index.php": MIRROR },
    requests: [
      { path: "/", headers: { Cookie: COOKIES } },
      { path: "/", headers: { Cookie: `${COOKIES}; more=${"x".repeat(3_000)}` } },
      { path: `/?q=${"y".repeat(7_000)}` },
      { path: `/?q=${"y".repeat(9_000)}` },
    ],
  },
  {
    name: "uploads",
    files: {
      "put.php":
        "<?php $in = fopen('php://input', 'rb'); $h = hash_init('md5'); $n = 0; while (!feof($in)) { $s = fread($in, 1 << 20); $n += strlen($s); hash_update($h, $s); } echo $n, ' ', hash_final($h);",
      "form.php": "<?php echo $_POST['note'], ' ', $_FILES['file']['name'], ' ', $_FILES['file']['size'];",
    },
    requests: [
      { path: "/put.php", method: "POST", body: UPLOAD, headers: { "Content-Type": "application/octet-stream" } },
      {
        path: "/form.php",
        method: "POST",
        body: FORM,
        headers: { "Content-Type": "multipart/form-data; boundary=cut" },
      },
      { path: "/put.php", method: "PUT", body: "chunk ".repeat(50_000), chunked: true },
      { path: "/put.php", method: "POST", body: "" },
    ],
  },
  {
    name: "refused-uploads",
    files: { "put.php": "<?php echo strlen(file_get_contents('php://input'));" },
    vhost: "LimitRequestBody 1000",
    requests: [
      { path: "/put.php", method: "POST", body: "x".repeat(900) },
      { path: "/put.php", method: "POST", body: "x".repeat(1_100) },
    ],
  },
  {
    name: "downloads",
    files: {
      "large.php":
        "<?php header('Content-Type: application/octet-stream'); for ($n = 0; $n < 20; $n++) echo str_repeat(chr(65 + $n), 1 << 20);",
      "sized.php": "<?php header('Content-Length: 1000000'); echo str_repeat('x', 1000000);",
      "empty.php": "",
    },
    requests: ["/large.php", "/sized.php", "/empty.php"].map((path) => ({ path })),
  },
];
