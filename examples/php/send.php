<?php
/**
 * Sends one mail and prints the result. PHP 5.6 to 8.x; needs the curl extension.
 *
 *   DRAGOMAN_KEY=dgm_... php send.php foo@example.com "Hi" "Hello World!"
 *
 * DRAGOMAN_URL says where the gateway is (default http://127.0.0.1:8000/gateway).
 */

/**
 * Posts an activity and waits up to $wait seconds for its outcome. Returns array(HTTP status, decoded answer):
 * 200 with the result, 202 when it is accepted but not finished yet, else a problem.
 * Trying again is safe: the gateway carries out an rid once, however often it is posted.
 */
function dragoman_send($url, $key, array $activity, $wait = 20)
{
    for ($try = 1; ; $try++) {
        $curl = curl_init($url . '/activities');
        curl_setopt_array($curl, array(
            CURLOPT_POST => true,
            CURLOPT_POSTFIELDS => json_encode($activity),
            CURLOPT_HTTPHEADER => array(
                'Authorization: Bearer ' . $key,
                'Content-Type: application/json',
                'Prefer: wait=' . $wait,
            ),
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_CONNECTTIMEOUT => 5,
            CURLOPT_TIMEOUT => $wait + 10,
        ));
        $answer = curl_exec($curl);
        $status = (int) curl_getinfo($curl, CURLINFO_HTTP_CODE);
        if (PHP_VERSION_ID < 80000) {
            curl_close($curl);
        }
        $worthAnotherTry = $status === 0 || $status === 429 || $status >= 500;
        if (!$worthAnotherTry || $try === 3) {
            return array($status, is_string($answer) ? json_decode($answer, true) : null);
        }
        sleep($try);
    }
}

$url = getenv('DRAGOMAN_URL') ? getenv('DRAGOMAN_URL') : 'http://127.0.0.1:8000/gateway';
$key = getenv('DRAGOMAN_KEY');
if (!$key) {
    fwrite(STDERR, "Set DRAGOMAN_KEY to an API key, such as the one in data/first-app.key\n");
    exit(2);
}

list($status, $answer) = dragoman_send($url, $key, array(
    // Your own name for this message, such as an order's number: unique within your app.
    'rid' => uniqid('php-', true),
    'platform' => 'email',
    'verb' => 'send',
    'actor' => array('name' => 'Bob User', 'address' => 'bob@example.com'),
    'target' => array('address' => isset($argv[1]) ? $argv[1] : 'foo@example.com'),
    'object' => array(
        'subject' => isset($argv[2]) ? $argv[2] : 'Hi',
        'body' => isset($argv[3]) ? $argv[3] : 'Hello World!',
    ),
));

if ($status === 200) {
    echo $answer['status'], ' ', $answer['rid'], "\n";
    foreach ($answer['target'] as $target) {
        $error = isset($target['error']) ? ': ' . $target['error']['detail'] : '';
        echo '  ', $target['address'], ' ', $target['status'], $error, "\n";
    }
    exit($answer['status'] === 'sent' ? 0 : 1);
}
if ($status === 202) {
    echo $answer['status'], ' ', $answer['rid'], ": not finished yet, see ", $answer['href'], "\n";
    exit(0);
}
if ($status === 0) {
    fwrite(STDERR, "No answer from $url\n");
    exit(1);
}
fwrite(STDERR, "Refused ($status $answer[code]): $answer[detail]\n");
exit(1);
