<?php
/**
 * Client of the Dragoman gateway. One file, PHP 5.6 to 8.x, no dependency: the curl extension where it is there, else
 * PHP's own streams.
 *
 *   require 'Dragoman.php';
 *   $gateway = new Dragoman('http://127.0.0.1:8000/gateway', getenv('DRAGOMAN_KEY'));
 *   $confirm = $gateway->send(array('platform' => 'email', 'verb' => 'send', ...));
 *
 * Every activity gets an rid when it has none, and a POST that got no answer is repeated with the same rid and the same
 * body: the gateway carries out an rid once, however often it is posted.
 */
class Dragoman
{
    /** What we put into one POST: activities, bytes of JSON; one that is larger than what the gateway takes plainly travels alone. */
    const LIST_MOST = 100;
    const LIST_BYTES = 1000000;
    const PLAIN_BYTES = 64000;
    /** Seconds that the gateway waits at most for one answer. */
    const WAIT_MOST = 30;

    private $url;
    private $key;
    private $options;
    private $curl = null;

    /**
     * $url is the gateway's address with its base path. PHP on the same machine calls it directly, not through the web
     * server. Options, all in seconds but the last:
     *   connectTimeout  3   for the connection
     *   timeout        10   for an answer, beside what the call itself asks to wait
     *   patience       15   for repeating what got no answer, 429 or 5xx; 0 tries once
     *   transport           'curl' or 'streams'; what is there when left out
     */
    public function __construct($url, $key, array $options = array())
    {
        $this->url = rtrim($url, '/');
        $this->key = trim((string) $key);
        $this->options = $options + array(
            'connectTimeout' => 3,
            'timeout' => 10,
            'patience' => 15,
            'transport' => function_exists('curl_init') ? 'curl' : 'streams',
        );
        if ($this->key === '') {
            throw new InvalidArgumentException('An API key is missing.');
        }
    }

    /**
     * Hands over one activity. Returns the confirm: array('type' => 'confirm', 'rid', 'id', 'status', 'href').
     * Throws DragomanError when it is refused, DragomanUnavailable when it may or may not have been accepted: keep the
     * rid, and send it again later.
     */
    public function send(array $activity)
    {
        $activity = self::withRid($activity);
        $answer = $this->call('POST', '/activities', $activity, array(), 0, $activity['rid']);
        return $answer['body'];
    }

    /**
     * Hands over many activities, in as few requests as possible. Returns one answer for each, under the same keys: a
     * confirm, or array('type' => 'refused', 'rid', 'problem'), or the same with 'unavailable': that one may have been
     * accepted, send it again later with this rid. Each item succeeds or fails independently; only a wrong key throws.
     */
    public function sendMany(array $activities)
    {
        $answers = array();
        $left = array_map(array('Dragoman', 'withRid'), $activities);
        $until = microtime(true) + $this->options['patience'];
        for ($try = 0; $left; $try++) {
            foreach (self::portions($left) as $portion) {
                $answers = $this->sendPortion($portion) + $answers;
            }
            foreach ($left as $name => $activity) {
                $one = $answers[$name];
                if ($one['type'] !== 'refused' || !self::worthAnotherTry($one['problem']['status'])) {
                    unset($left[$name]);
                }
            }
            $pause = self::pause($try, null);
            if (!$left || microtime(true) + $pause > $until) {
                break;
            }
            self::sleep($pause);
        }
        // In the order in which they were given.
        return array_replace($activities, $answers);
    }

    private function sendPortion(array $portion)
    {
        try {
            $answer = $this->call('POST', '/activities', array_values($portion), array(), 0, null);
            return array_combine(array_keys($portion), $answer['body']);
        } catch (DragomanError $error) {
            $late = $error instanceof DragomanUnavailable;
            if (!$late && $error->status !== 413) {
                throw $error;
            }
            $answers = array();
            foreach ($portion as $name => $activity) {
                $type = $late ? 'unavailable' : 'refused';
                $answers[$name] = array('type' => $type, 'rid' => $activity['rid'], 'problem' => $error->problem);
            }
            return $answers;
        }
    }

    /**
     * Hands over one activity and waits up to $seconds for its outcome. Returns the result
     * (array('type' => 'result', 'status' => 'sent', ...)), or the confirm when it takes longer.
     */
    public function wait(array $activity, $seconds = 20)
    {
        $activity = self::withRid($activity);
        $until = microtime(true) + $seconds;
        do {
            $wait = (int) max(1, min(self::WAIT_MOST, ceil($until - microtime(true))));
            $head = array("Prefer: wait=$wait");
            $answer = $this->call('POST', '/activities', $activity, $head, $wait, $activity['rid']);
        } while ($answer['status'] === 202 && microtime(true) < $until);
        return $answer['body'];
    }

    /** Status of an activity, with its 'result' once it has ended; null when the gateway does not know the rid (any more). */
    public function status($rid)
    {
        try {
            $answer = $this->call('GET', '/activities/' . rawurlencode($rid), null, array(), 0, $rid);
        } catch (DragomanError $error) {
            if ($error->code() === 'not-found') {
                return null;
            }
            throw $error;
        }
        return $answer['body'];
    }

    /** Cancels what has not begun. Throws DragomanError with the code 'too-late' when it has. */
    public function cancel($rid)
    {
        try {
            $answer = $this->call('DELETE', '/activities/' . rawurlencode($rid), null, array(), 0, $rid);
        } catch (DragomanError $error) {
            // It may be our own first try, whose answer got lost, that cancelled it.
            $standing = $error->code() === 'too-late' && $error->tries > 1 ? $this->status($rid) : null;
            if ($standing === null || $standing['status'] !== 'cancelled') {
                throw $error;
            }
            return $standing;
        }
        return $answer['body'];
    }

    /**
     * Fetches the events after $cursor, waiting up to $wait seconds for something new. Returns
     * array('events' => list, 'cursor' => where to go on, 'gap' => null, or what is not kept any more).
     * Without a cursor it only tells where the log ends; 'earliest' begins with the oldest that is kept.
     * $filter: 'type', 'platform', 'actor', 'rid', each a string or a list.
     */
    public function events($cursor = null, $wait = 0, array $filter = array())
    {
        $pairs = array('wait=' . (int) $wait);
        if ($cursor !== null && $cursor !== '') {
            $pairs[] = 'after=' . rawurlencode($cursor);
        }
        foreach ($filter as $name => $values) {
            foreach ((array) $values as $value) {
                $pairs[] = rawurlencode($name) . '=' . rawurlencode($value);
            }
        }
        $answer = $this->call('GET', '/events?' . implode('&', $pairs), null, array(), (int) $wait, null);
        return $answer['body'] + array('gap' => null);
    }

    /**
     * Calls $handle with every event since the last time, and keeps in $file how far it got: for cron, or a loop.
     * The first time it only notes where the log ends. An event comes again when $handle throws or the script dies in
     * it. Lost events come as array('type' => 'gap', ...). Two scripts with one file don't get in each other's way:
     * the second returns at once. Returns how many events it handled. Keep the file outside the web root.
     */
    public function follow($file, $handle, $wait = 0, array $filter = array())
    {
        $lock = fopen("$file.lock", 'c');
        if ($lock === false) {
            throw new RuntimeException("$file.lock can't be written.");
        }
        if (!flock($lock, LOCK_EX | LOCK_NB)) {
            fclose($lock);
            return 0;
        }
        try {
            $cursor = is_file($file) ? trim(file_get_contents($file)) : '';
            $answer = $this->events($cursor, $cursor === '' ? 0 : $wait, $filter);
            if ($answer['gap'] !== null) {
                call_user_func($handle, array('type' => 'gap') + $answer['gap']);
            }
            foreach ($answer['events'] as $event) {
                call_user_func($handle, $event);
                self::keep($file, $event['cursor']);
            }
            self::keep($file, $answer['cursor']);
            return count($answer['events']);
        } finally {
            flock($lock, LOCK_UN);
            fclose($lock);
        }
    }

    /**
     * Signs a listener token for a page, without asking the gateway. $claims narrows it: 'actors', 'platforms', 'verbs'
     * are lists (left out: all; empty: none), 'sub' is your name for the user, 'scope' is 'listen', 'send' or
     * 'listen send'. $seconds is how long it lives, at most 86400.
     */
    public function token(array $claims = array(), $seconds = 600)
    {
        $parts = explode('_', $this->key);
        if (count($parts) < 4) {
            throw new InvalidArgumentException('This is no API key.');
        }
        $now = time();
        $claims += array('iat' => $now, 'exp' => $now + $seconds, 'jti' => self::rid(), 'scope' => 'listen');
        $head = array('alg' => 'HS256', 'typ' => 'JWT', 'kid' => $parts[1]);
        $signed = self::base64url(self::json($head)) . '.' . self::base64url(self::json($claims));
        $signingKey = hash_hmac('sha256', 'listener', $this->key, true);
        return $signed . '.' . self::base64url(hash_hmac('sha256', $signed, $signingKey, true));
    }

    /** Hands a token to the browser in a cookie that scripts can't read; before any output. $path is the gateway's base path. */
    public static function cookie($token, $path = '/gateway', $https = true)
    {
        $secure = $https ? '; Secure' : '';
        header("Set-Cookie: dragoman_token=$token; Path=$path; HttpOnly; SameSite=Strict$secure", false);
    }

    /**
     * Checks a webhook by the Standard Webhooks rules (HMAC-SHA256, "v1,") and returns its decoded body.
     * $secret is 'whsec_...', or a list while it is being changed; $headers are $_SERVER or getallheaders(); $body the raw
     * bytes, file_get_contents('php://input'). Throws DragomanError 'signature-invalid'.
     */
    public static function webhook($secret, array $headers, $body, $tolerance = 300)
    {
        $found = array();
        foreach ($headers as $name => $value) {
            $found[preg_replace('/^http-/', '', strtolower(strtr($name, '_', '-')))] = $value;
        }
        $found += array('webhook-id' => '', 'webhook-timestamp' => '', 'webhook-signature' => '');
        $time = $found['webhook-timestamp'];
        if (!preg_match('/^\d{1,12}$/', $time) || abs(time() - $time) > $tolerance) {
            throw self::unsigned('Its time is missing or too far away.');
        }
        $signed = $found['webhook-id'] . '.' . $time . '.' . $body;
        foreach ((array) $secret as $one) {
            $key = base64_decode(preg_replace('/^whsec_/', '', $one), true);
            if ($key === false || $key === '') {
                throw new InvalidArgumentException('A webhook secret is whsec_ and base64.');
            }
            $right = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $key, true));
            foreach (explode(' ', $found['webhook-signature']) as $signature) {
                if ($found['webhook-id'] !== '' && hash_equals($right, $signature)) {
                    return json_decode($body, true);
                }
            }
        }
        throw self::unsigned('No signature in it fits.');
    }

    /** A new rid. */
    public static function rid()
    {
        $seed = uniqid(mt_rand(), true) . getmypid() . php_uname('n') . mt_rand();
        return 'php-' . dechex(time()) . '-' . substr(hash('sha256', $seed), 0, 20);
    }

    private static function unsigned($detail)
    {
        $problem = array('code' => 'signature-invalid', 'title' => 'The webhook is not signed', 'detail' => $detail);
        return new DragomanError($problem, 0, null, 1);
    }

    private static function withRid($activity)
    {
        return isset($activity['rid']) ? $activity : array('rid' => self::rid()) + $activity;
    }

    /** Portions that the gateway takes in one POST, keys kept. An item that is too large alone travels alone. */
    private static function portions(array $activities)
    {
        $portions = array();
        $portion = array();
        $bytes = 0;
        foreach ($activities as $name => $activity) {
            $size = strlen(self::json($activity)) + 1;
            $large = $size > self::PLAIN_BYTES || $bytes > self::PLAIN_BYTES && count($portion) === 1;
            if ($portion && ($large || count($portion) === self::LIST_MOST || $bytes + $size > self::LIST_BYTES)) {
                $portions[] = $portion;
                $portion = array();
                $bytes = 0;
            }
            $portion[$name] = $activity;
            $bytes += $size;
        }
        $portions[] = $portion;
        return $portions;
    }

    /** Asks until there is an answer that counts. Returns array('status', 'body'); throws DragomanError. */
    private function call($method, $path, $content, array $head, $wait, $rid)
    {
        $head[] = 'Authorization: Bearer ' . $this->key;
        $head[] = 'Accept: application/json';
        $body = null;
        if ($content !== null) {
            $head[] = 'Content-Type: application/json';
            $body = self::json($content);
        }
        $until = microtime(true) + $wait + $this->options['patience'];
        for ($try = 0; ; $try++) {
            list($status, $text, $retryAfter) = $this->options['transport'] === 'curl'
                ? $this->byCurl($method, $this->url . $path, $head, $body, $wait)
                : $this->byStreams($method, $this->url . $path, $head, $body, $wait);
            $answer = json_decode($text, true);
            if ($status >= 200 && $status < 300 && is_array($answer)) {
                return array('status' => $status, 'body' => $answer);
            }
            // Something in between answered in our place.
            $garbled = $status >= 200 && $status < 300;
            if (!$garbled && !self::worthAnotherTry($status)) {
                throw new DragomanError(self::problem($answer, $status, $text), $status, $rid, $try + 1);
            }
            $pause = self::pause($try, $retryAfter);
            if (microtime(true) + $pause > $until) {
                $problem = self::problem($answer, $status, $text);
                throw new DragomanUnavailable($problem, $status, $rid, $try + 1, $retryAfter);
            }
            self::sleep($pause);
        }
    }

    private static function worthAnotherTry($status)
    {
        return $status === 0 || $status === 429 || $status >= 500;
    }

    /** Seconds until the next try: what the gateway asks for, else half a second, doubled up to four, spread out. */
    private static function pause($try, $retryAfter)
    {
        $spread = mt_rand(50, 100) / 100;
        return $retryAfter === null ? min(4, 0.5 * pow(2, $try)) * $spread : $retryAfter + 1 - $spread;
    }

    private static function sleep($seconds)
    {
        usleep((int) ($seconds * 1000000));
    }

    private static function problem($answer, $status, $text)
    {
        if (is_array($answer) && isset($answer['code'])) {
            return $answer;
        }
        $detail = $status === 0 ? $text : "The answer is not the gateway's (HTTP $status); is the address right?";
        $title = $status === 0 ? 'No answer' : 'Not an answer of the gateway';
        return array('code' => $status === 0 ? 'no-answer' : 'not-the-gateway', 'title' => $title, 'detail' => $detail);
    }

    /** Returns array(status, text, Retry-After in seconds or null); status 0 and a reason when there was no whole answer. */
    private function byCurl($method, $url, array $head, $body, $wait)
    {
        if ($this->curl === null) {
            $this->curl = curl_init();
        } else {
            curl_reset($this->curl);
        }
        $retryAfter = null;
        // An empty Expect saves the pause that curl makes before a larger body.
        $head[] = 'Expect:';
        $settings = array(
            CURLOPT_URL => $url,
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_HTTPHEADER => $head,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_NOSIGNAL => true,
            CURLOPT_CONNECTTIMEOUT_MS => (int) ($this->options['connectTimeout'] * 1000),
            CURLOPT_TIMEOUT_MS => (int) (($this->options['timeout'] + $wait) * 1000),
            CURLOPT_HEADERFUNCTION => function ($curl, $line) use (&$retryAfter) {
                $retryAfter = Dragoman::retryAfter($line, $retryAfter);
                return strlen($line);
            },
        );
        if ($body !== null) {
            $settings[CURLOPT_POSTFIELDS] = $body;
        }
        curl_setopt_array($this->curl, $settings);
        $text = curl_exec($this->curl);
        if (!is_string($text)) {
            return array(0, curl_error($this->curl), null);
        }
        return array((int) curl_getinfo($this->curl, CURLINFO_HTTP_CODE), $text, $retryAfter);
    }

    private function byStreams($method, $url, array $head, $body, $wait)
    {
        $head[] = 'Connection: close';
        $http = array(
            'method' => $method,
            'header' => implode("\r\n", $head),
            'protocol_version' => '1.1',
            // Counts for the connection as well as for each read.
            'timeout' => (float) ($this->options['timeout'] + $wait),
            'ignore_errors' => true,
            'follow_location' => 0,
        );
        if ($body !== null) {
            $http['content'] = $body;
        }
        $reason = 'No answer.';
        set_error_handler(function ($level, $message) use (&$reason) {
            $reason = preg_replace('/^\w+\(.*?\): /', '', $message);
            return true;
        });
        $stream = fopen($url, 'r', false, stream_context_create(array('http' => $http)));
        $text = $stream === false ? false : stream_get_contents($stream);
        restore_error_handler();
        if ($stream === false) {
            return array(0, $reason, null);
        }
        $meta = stream_get_meta_data($stream);
        fclose($stream);
        $status = 0;
        $length = null;
        $retryAfter = null;
        foreach ($meta['wrapper_data'] as $line) {
            if (preg_match('~^HTTP/\S+ (\d+)~', $line, $found)) {
                $status = (int) $found[1];
                $length = null;
                $retryAfter = null;
            } elseif (preg_match('/^Content-Length: *(\d+)/i', $line, $found)) {
                $length = (int) $found[1];
            }
            $retryAfter = self::retryAfter($line, $retryAfter);
        }
        if ($meta['timed_out'] || !is_string($text) || ($length !== null && strlen($text) < $length)) {
            return array(0, 'The answer is not whole.', null);
        }
        return array($status, $text, $retryAfter);
    }

    /** Seconds that a header line asks to wait (RFC 9110 10.2.3), else what was known. Public for PHP's callbacks only. */
    public static function retryAfter($line, $known)
    {
        if (!preg_match('/^Retry-After: *(.*?)\s*$/i', $line, $found)) {
            return $known;
        }
        if (ctype_digit($found[1])) {
            return (int) $found[1];
        }
        $time = strtotime($found[1]);
        return $time === false ? $known : max(0, $time - time());
    }

    private static function json($value)
    {
        $text = json_encode($value, JSON_UNESCAPED_SLASHES);
        if ($text === false) {
            throw new InvalidArgumentException('This is no JSON (texts must be UTF-8): ' . json_last_error_msg());
        }
        return $text;
    }

    /** Whole or not at all: a cursor that was cut off would lose events. */
    private static function keep($file, $cursor)
    {
        $draft = $file . '.' . getmypid();
        if (file_put_contents($draft, "$cursor\n") === false || !rename($draft, $file)) {
            throw new RuntimeException("$file can't be written.");
        }
    }

    private static function base64url($bytes)
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }
}

/** The gateway refused it, and nothing was accepted. Decide by code(). */
class DragomanError extends Exception
{
    /** HTTP status; 0 when there was no answer. */
    public $status;
    /** The problem document (RFC 9457): 'code', 'title', 'detail', 'errors' => list of 'pointer' and 'detail'. */
    public $problem;
    /** Of the activity that it is about, or null. */
    public $rid;
    /** How often it was tried. */
    public $tries;

    public function __construct(array $problem, $status, $rid, $tries)
    {
        $this->problem = $problem + array('code' => '', 'title' => '', 'detail' => '', 'errors' => array());
        $this->status = $status;
        $this->rid = $rid;
        $this->tries = $tries;
        parent::__construct(trim($this->problem['code'] . ': ' . $this->problem['detail']), $status);
    }

    /** The stable code, such as 'validation-failed'. */
    public function code()
    {
        return $this->problem['code'];
    }

    /** JSON pointer of the first wrong place in what was sent, such as '/target/0/address'; null when there is none. */
    public function pointer()
    {
        return isset($this->problem['errors'][0]['pointer']) ? $this->problem['errors'][0]['pointer'] : null;
    }
}

/** No answer that counts within the patience: it may have been accepted. Send it again later with the same rid. */
class DragomanUnavailable extends DragomanError
{
    /** Seconds after which the gateway asks to be tried again, or null. */
    public $retryAfter;

    public function __construct(array $problem, $status, $rid, $tries, $retryAfter = null)
    {
        parent::__construct($problem, $status, $rid, $tries);
        $this->retryAfter = $retryAfter;
    }
}
