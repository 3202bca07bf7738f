<?php
// Reads an event stream with PHP's curl extension and prints each event's JSON; ends at the result of the rid.
//   php sse-listener.php URL KEY RID
list(, $url, $key, $rid) = $argv;
$rest = '';
$curl = curl_init($url);
curl_setopt_array($curl, array(
    CURLOPT_HTTPHEADER => array("Authorization: Bearer $key", 'Accept: text/event-stream'),
    CURLOPT_WRITEFUNCTION => function ($curl, $bytes) use (&$rest, $rid) {
        $rest .= $bytes;
        while (($end = strpos($rest, "\n")) !== false) {
            $line = substr($rest, 0, $end);
            $rest = substr($rest, $end + 1);
            if ($line === 'event: ready') {
                echo "ready\n";
            }
            if (strncmp($line, 'data: ', 6) !== 0) {
                continue;
            }
            $event = json_decode(substr($line, 6), true);
            if (isset($event['type']) && $event['type'] === 'result' && $event['rid'] === $rid) {
                echo substr($line, 6), "\n";
                return 0;
            }
        }
        return strlen($bytes);
    },
));
curl_exec($curl);
