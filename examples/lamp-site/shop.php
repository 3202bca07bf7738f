<?php
/** What the pages share: the gateway, the shop's address, the inbox that a visit has seen so far. PHP 5.6 to 8.x. */

require_once is_file(__DIR__ . '/Dragoman.php') ? __DIR__ . '/Dragoman.php' : __DIR__ . '/../../clients/php/Dragoman.php';

/** A setting of the server (Apache: SetEnv, PHP-FPM: env[...]), or its default. */
function shop_setting($name, $default)
{
    $value = getenv($name);
    return $value === false || $value === '' ? $default : $value;
}

define('SHOP', shop_setting('SHOP_ADDRESS', 'shop@example.com'));
/** How long a page may listen before it asks token.php again. */
define('SHOP_TOKEN_SECONDS', (int) shop_setting('SHOP_TOKEN_SECONDS', '600'));
/** How many messages the inbox shows. */
define('SHOP_INBOX_MOST', 20);

/** PHP calls the gateway directly, not through the web server. */
function shop_gateway()
{
    $url = shop_setting('DRAGOMAN_URL', 'http://127.0.0.1:8000/gateway');
    return new Dragoman($url, shop_setting('DRAGOMAN_KEY', ''), array('patience' => 5));
}

/** Lets this visitor's browser listen to the shop's mail, and to nothing else; before any output. */
function shop_let_listen()
{
    $claims = array('platforms' => array('email'), 'actors' => array(SHOP), 'scope' => 'listen');
    $https = isset($_SERVER['HTTPS']) && $_SERVER['HTTPS'] === 'on';
    Dragoman::cookie(shop_gateway()->token($claims, SHOP_TOKEN_SECONDS), '/gateway', $https);
}

/** The inbox of this visit: what arrived since the last look joins what was seen. Works without JavaScript, by being called again. */
function shop_inbox()
{
    session_start();
    $inbox = isset($_SESSION['inbox']) ? $_SESSION['inbox'] : array('cursor' => 'earliest', 'messages' => array());
    $filter = array('type' => 'activity', 'platform' => 'email', 'actor' => SHOP);
    $answer = shop_gateway()->events($inbox['cursor'], 0, $filter);
    foreach ($answer['events'] as $event) {
        $object = $event['object'];
        $inbox['messages'][] = array(
            'from' => isset($event['actor']['name']) ? $event['actor']['name'] : $event['actor']['address'],
            'subject' => isset($object['subject']) ? $object['subject'] : '',
            'body' => isset($object['body']) ? $object['body'] : '',
        );
    }
    $inbox['messages'] = array_slice($inbox['messages'], -SHOP_INBOX_MOST);
    $inbox['cursor'] = $answer['cursor'];
    $_SESSION['inbox'] = $inbox;
    // Others of this visit's requests wait for the session's lock.
    session_write_close();
    return $inbox;
}

/** Sends the contact form to the shop. Returns what to tell the visitor. */
function shop_contact(array $form)
{
    $form += array('name' => '', 'address' => '', 'message' => '', 'rid' => '');
    try {
        $outcome = shop_gateway()->wait(array(
            // Made with the form: a visitor who sends it twice is heard once.
            'rid' => $form['rid'],
            'platform' => 'email',
            'verb' => 'send',
            'actor' => array('address' => $form['address'], 'name' => $form['name']),
            'target' => array('address' => SHOP),
            'object' => array('subject' => 'Message from ' . $form['name'], 'body' => $form['message']),
        ), 10);
    } catch (DragomanUnavailable $error) {
        return 'We can\'t take your message right now. Please send the form again in a moment.';
    } catch (DragomanError $error) {
        return 'Please look at your address and message again: ' . $error->getMessage();
    }
    if ($outcome['type'] === 'confirm' || $outcome['status'] === 'sent') {
        return 'Thank you, ' . $form['name'] . '. Your message is on its way.';
    }
    return 'Your message could not be delivered.';
}

/** The inbox as list items. */
function shop_items(array $messages)
{
    $html = '';
    foreach ($messages as $message) {
        $html .= '<li><b>' . shop_text($message['from']) . '</b> <i>' . shop_text($message['subject']) . '</i><p>'
            . shop_text($message['body']) . "</p></li>\n";
    }
    return $html;
}

/** For output into HTML. */
function shop_text($text)
{
    return htmlspecialchars($text, ENT_QUOTES, 'UTF-8');
}
