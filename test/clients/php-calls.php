<?php
// One call of the client for the tests: `php php-calls.php METHOD '[ARGUMENTS]'`; prints what comes as JSON.
error_reporting(-1);
set_error_handler(function ($level, $message, $file, $line) {
    // Silenced ones too: the client has none to silence.
    throw new ErrorException($message, 0, $level, $file, $line);
});
require __DIR__ . '/../../clients/php/Dragoman.php';

$gateway = new Dragoman(getenv('DRAGOMAN_URL'), getenv('DRAGOMAN_KEY'), json_decode(getenv('DRAGOMAN_OPTIONS'), true));
$arguments = json_decode($argv[2], true);
$events = array();
if ($argv[1] === 'follow') {
    array_splice($arguments, 1, 0, array(function ($event) use (&$events) {
        if (isset($event['rid']) && $event['rid'] === getenv('DRAGOMAN_FAILS_AT')) {
            throw new RuntimeException('not now');
        }
        $events[] = $event;
    }));
}
try {
    echo json_encode(array('value' => call_user_func_array(array($gateway, $argv[1]), $arguments), 'events' => $events));
} catch (DragomanError $error) {
    echo json_encode(array(
        'thrown' => get_class($error),
        'code' => $error->code(),
        'pointer' => $error->pointer(),
        'status' => $error->status,
        'rid' => $error->rid,
        'tries' => $error->tries,
        'retryAfter' => isset($error->retryAfter) ? $error->retryAfter : null,
        'message' => $error->getMessage(),
    ));
} catch (Exception $error) {
    echo json_encode(array('thrown' => get_class($error), 'message' => $error->getMessage(), 'events' => $events));
}
