<?php
/**
 * Signs a listener token, so that a page can watch its own messages without knowing the API key. No round trip to the
 * gateway, no library. PHP 5.6 to 8.x.
 *
 *   DRAGOMAN_KEY=dgm_... php token.php bob@example.com    prints a token for the events of this address
 *
 * In a page: include this file before any output and call
 *
 *   dragoman_cookie(dragoman_token($key, array('actors' => array('bob@example.com'))));
 *
 * Then `new EventSource('/gateway/events')` works in that page, where the gateway lies on the same origin.
 */

/**
 * $claims narrows what the token may see: 'actors', 'platforms' and 'verbs' are lists (left out: all; empty: none),
 * 'sub' is your own name for the user (for POST /revocations), 'scope' is 'listen', 'send' or 'listen send'.
 * $seconds is how long it lives, at most 86400.
 */
function dragoman_token($key, array $claims = array(), $seconds = 600)
{
    $parts = explode('_', $key);
    $now = time();
    $claims += array('iat' => $now, 'exp' => $now + $seconds, 'jti' => uniqid('php-', true), 'scope' => 'listen');
    $head = array('alg' => 'HS256', 'typ' => 'JWT', 'kid' => $parts[1]);
    $signed = dragoman_base64url(json_encode($head)) . '.' . dragoman_base64url(json_encode($claims));
    $signingKey = hash_hmac('sha256', 'listener', $key, true);
    return $signed . '.' . dragoman_base64url(hash_hmac('sha256', $signed, $signingKey, true));
}

/** Hands the token to the browser in a cookie that scripts can't read. */
function dragoman_cookie($token, $path = '/gateway', $https = true)
{
    $secure = $https ? '; Secure' : '';
    header("Set-Cookie: dragoman_token=$token; Path=$path; HttpOnly; SameSite=Strict$secure", false);
}

function dragoman_base64url($bytes)
{
    return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
}

// Run by itself on the command line, not included.
if (PHP_SAPI === 'cli' && realpath($_SERVER['SCRIPT_FILENAME']) === __FILE__) {
    $key = getenv('DRAGOMAN_KEY');
    if (!$key) {
        fwrite(STDERR, "Set DRAGOMAN_KEY to an API key, such as the one in data/first-app.key\n");
        exit(2);
    }
    echo dragoman_token($key, isset($argv[1]) ? array('actors' => array($argv[1])) : array()), "\n";
}
