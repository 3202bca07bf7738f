<?php
/** Turns the arguments of wp_mail() into an activity. The rules are those of WordPress' own wp_mail(). */

defined('ABSPATH') || exit;

/**
 * Returns the activity of a mail. $mail holds wp_mail()'s `to`, `subject`, `message`, `headers` and `attachments`.
 * Throws InvalidArgumentException for an attachment that can't be read.
 */
function dragoman_mail_activity(array $mail)
{
    $headers = dragoman_mail_headers($mail['headers']);
    $targets = array_merge(
        dragoman_targets($mail['to'], 'to'),
        dragoman_targets($headers['cc'], 'cc'),
        dragoman_targets($headers['bcc'], 'bcc')
    );
    $type = apply_filters('wp_mail_content_type', $headers['type']);
    $object = array('subject' => dragoman_one_line($mail['subject']));
    $object[stripos($type, 'text/html') === 0 ? 'html' : 'body'] = (string) $mail['message'];
    $reply_to = dragoman_targets($headers['reply-to'], null);
    if ($reply_to) {
        $object['replyTo'] = $reply_to[0];
    }
    if ($headers['other']) {
        $object['headers'] = $headers['other'];
    }
    $attachments = dragoman_attachments($mail['attachments']);
    if ($attachments) {
        $object['attachments'] = $attachments;
    }
    return array(
        'rid' => Dragoman::rid(),
        'platform' => 'email',
        'verb' => 'send',
        'actor' => dragoman_sender($headers['from']),
        'target' => $targets,
        'object' => $object,
    );
}

/** Sorts header lines, a text or a list, into what the activity needs. */
function dragoman_mail_headers($lines)
{
    $found = array('from' => '', 'cc' => array(), 'bcc' => array(), 'reply-to' => array(), 'type' => 'text/plain', 'other' => array());
    if (!is_array($lines)) {
        $lines = explode("\n", str_replace("\r\n", "\n", (string) $lines));
    }
    foreach ($lines as $line) {
        if (strpos($line, ':') === false) {
            continue;
        }
        list($name, $value) = array_map('trim', explode(':', $line, 2));
        $key = strtolower($name);
        if ($key === 'from') {
            $found['from'] = $value;
        } elseif ($key === 'content-type') {
            $found['type'] = $value;
        } elseif (in_array($key, array('cc', 'bcc', 'reply-to'), true)) {
            $found[$key] = array_merge($found[$key], explode(',', $value));
        } elseif (preg_match('/^(x|list)-[a-z0-9-]+$/', $key)) {
            // The gateway sets all others itself.
            $found['other'][$name] = dragoman_one_line($value);
        }
    }
    return $found;
}

/** Returns the sender as wp_mail() chooses it: the From header, else the site's own, both through the usual filters. */
function dragoman_sender($from)
{
    $host = (string) wp_parse_url(network_home_url(), PHP_URL_HOST);
    $default = dragoman_setting('from');
    if ($default === '') {
        $default = 'wordpress@' . preg_replace('/^www\./', '', $host);
    }
    $named = $from === '' ? array() : dragoman_targets($from, null);
    $address = $named ? $named[0]['address'] : $default;
    $name = $named && isset($named[0]['name']) ? $named[0]['name'] : 'WordPress';
    return array(
        'address' => apply_filters('wp_mail_from', $address),
        'name' => apply_filters('wp_mail_from_name', $name),
    );
}

/** Returns addresses, a text with commas or a list, as targets. `Jane <jane@example.org>` becomes name and address. */
function dragoman_targets($addresses, $field)
{
    $targets = array();
    foreach (is_array($addresses) ? $addresses : explode(',', (string) $addresses) as $text) {
        $text = trim($text);
        if ($text === '') {
            continue;
        }
        $target = array('address' => $text);
        if (preg_match('/^([^<]*)<([^<>]+)>$/', $text, $parts)) {
            $target = array('address' => trim($parts[2]));
            $name = dragoman_one_line(trim($parts[1], " \t\""));
            if ($name !== '') {
                $target['name'] = $name;
            }
        }
        $targets[] = $field === null || $field === 'to' ? $target : $target + array('field' => $field);
    }
    return $targets;
}

/** Returns files as attachments; keys that are texts are their names. */
function dragoman_attachments($files)
{
    if (!is_array($files)) {
        $files = array_filter(explode("\n", str_replace("\r\n", "\n", (string) $files)));
    }
    $attachments = array();
    foreach ($files as $key => $path) {
        $content = is_file($path) ? file_get_contents($path) : false;
        if ($content === false) {
            throw new InvalidArgumentException("The attachment $path can't be read.");
        }
        $type = wp_check_filetype($path);
        $attachment = array(
            'name' => is_string($key) ? $key : basename($path),
            'content' => base64_encode($content),
        );
        if ($type['type']) {
            $attachment['mediaType'] = $type['type'];
        }
        $attachments[] = $attachment;
    }
    return $attachments;
}

/** Replaces line breaks and control characters, which the gateway refuses in names and subjects. */
function dragoman_one_line($text)
{
    return trim(preg_replace('/[\x00-\x1F\x7F]+/', ' ', (string) $text));
}
