<?php
/**
 * Fetches what happened since the last time, for cron or a loop. PHP 5.6 to 8.x; needs no extension.
 *
 *   DRAGOMAN_KEY=dgm_... php poll.php            one look, which waits up to 25 s for something new
 *   DRAGOMAN_KEY=dgm_... php poll.php --follow   for ever
 *
 * How far it has read is kept in DRAGOMAN_CURSOR (default ./dragoman.cursor); the first look starts at the end.
 */

/** Asks for the events after $cursor. Returns array(HTTP status, decoded answer). */
function dragoman_events($url, $key, $cursor, $wait)
{
    $query = http_build_query(array('after' => $cursor, 'wait' => $wait));
    $context = stream_context_create(array('http' => array(
        'header' => "Authorization: Bearer $key\r\nAccept: application/json\r\n",
        'timeout' => $wait + 10,
        'ignore_errors' => true,
    )));
    $stream = @fopen("$url/events?$query", 'r', false, $context);
    if ($stream === false) {
        return array(0, null);
    }
    $answer = json_decode(stream_get_contents($stream), true);
    $meta = stream_get_meta_data($stream);
    fclose($stream);
    $parts = explode(' ', $meta['wrapper_data'][0]);
    return array((int) $parts[1], $answer);
}

/** Replace this with what your app does. It may see an event again if it dies before the cursor is kept. */
function handle(array $event)
{
    switch ($event['type']) {
        case 'result':
            echo "result $event[rid] $event[status]\n";
            break;
        case 'activity':
            $subject = isset($event['object']['subject']) ? $event['object']['subject'] : '';
            echo 'activity from ', $event['actor']['address'], ' ', $subject, "\n";
            break;
        default:
            echo $event['type'], "\n";
    }
}

$url = getenv('DRAGOMAN_URL') ? getenv('DRAGOMAN_URL') : 'http://127.0.0.1:8000/gateway';
$key = getenv('DRAGOMAN_KEY');
$file = getenv('DRAGOMAN_CURSOR') ? getenv('DRAGOMAN_CURSOR') : 'dragoman.cursor';
$follow = in_array('--follow', $argv, true);
if (!$key) {
    fwrite(STDERR, "Set DRAGOMAN_KEY to an API key, such as the one in data/first-app.key\n");
    exit(2);
}

do {
    $cursor = is_file($file) ? trim(file_get_contents($file)) : '';
    // A first look only notes where the log ends: there is nothing to wait for.
    list($status, $answer) = dragoman_events($url, $key, $cursor, $cursor === '' ? 0 : 25);
    if ($status === 200) {
        if (isset($answer['gap'])) {
            fwrite(STDERR, "Some events are lost: they were older than the gateway keeps them\n");
        }
        array_map('handle', $answer['events']);
        file_put_contents($file, $answer['cursor'], LOCK_EX);
        continue;
    }
    $detail = isset($answer['detail']) ? $answer['detail'] : "no answer from $url";
    fwrite(STDERR, "Not now ($status): $detail\n");
    if (!$follow || ($status >= 400 && $status < 429)) {
        exit(1);
    }
    sleep(3);
} while ($follow);
