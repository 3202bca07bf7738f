/** A site that stands beside the gateway, and what its visitors ask for. */
export interface Site {
  /** Name of the site; the host name is `NAME.example`. */
  readonly name: string;
  /** Contents by path below the document root; `ROOT` in a text is that folder. */
  readonly files: Readonly<Record<string, string | Buffer>>;
  /** Lines of its `<VirtualHost>`. `ROOT` is the document root, `SOCKETS` the address of an echoing server. */
  readonly vhost?: string;
  readonly requests: readonly SiteRequest[];
}

export interface SiteRequest {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
  /** The body is sent in chunks, without its length. */
  readonly chunked?: boolean;
  /** The visitor's own address, any of 127.0.0.0/8. */
  readonly from?: string;
}

/** The host name of a site. */
export const hostOf = ({ name }: Pick<Site, "name">): string => `${name}.example`;

/** Page that says how PHP saw the request, without what a proxy adds. */
export const MIRROR = `<?php
header('Content-Type: application/json');
$headers = array_change_key_case(getallheaders());
foreach ($headers as $name => $value) {
    if (preg_match('/^(x-forwarded-.*|x-real-ip|connection|keep-alive|te|expect|transfer-encoding|content-length)$/', $name)) unset($headers[$name]);
}
ksort($headers);
$server = array();
foreach (array('REQUEST_METHOD', 'REQUEST_URI', 'QUERY_STRING', 'SERVER_NAME', 'SERVER_PORT', 'REQUEST_SCHEME', 'HTTPS',
    'REMOTE_ADDR', 'PHP_SELF', 'PATH_INFO', 'SCRIPT_NAME', 'REDIRECT_STATUS') as $name) {
    $server[$name] = isset($_SERVER[$name]) ? $_SERVER[$name] : null;
}
$body = file_get_contents('php://input');
echo json_encode(array('server' => $server, 'headers' => $headers, 'get' => $_GET, 'post' => $_POST, 'cookies' => count($_COOKIE),
    'length' => strlen($body), 'body' => md5($body)), JSON_PRETTY_PRINT);
`;
