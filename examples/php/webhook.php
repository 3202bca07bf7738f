<?php
/**
 * Takes the webhooks of a gateway and writes each event once, as a line of JSON, into a file. PHP 5.6 to 8.x.
 *
 *   DRAGOMAN_WEBHOOK_SECRET=whsec_...   as it was shown, or given, when the hook was made
 *   DRAGOMAN_EVENTS=/var/lib/shop/events   the file; keep it outside the web root
 */
require __DIR__ . '/../../clients/php/Dragoman.php';

try {
    // Over the raw bytes: what is decoded and encoded again has another signature.
    $event = Dragoman::webhook(getenv('DRAGOMAN_WEBHOOK_SECRET'), $_SERVER, file_get_contents('php://input'));
} catch (DragomanError $error) {
    http_response_code(401);
    exit;
}

// An event may come twice; its id stays the same. A real shop asks its database.
$file = getenv('DRAGOMAN_EVENTS');
$book = fopen($file, 'c+');
flock($book, LOCK_EX);
$id = $_SERVER['HTTP_WEBHOOK_ID'];
$known = false;
while (!$known && ($line = fgets($book)) !== false) {
    $known = strpos($line, $id . ' ') === 0;
}
if (!$known) {
    fseek($book, 0, SEEK_END);
    fwrite($book, $id . ' ' . json_encode($event) . "\n");
    fflush($book);
}
flock($book, LOCK_UN);
// Only now it is ours: without a 2xx it comes again.
http_response_code(204);
