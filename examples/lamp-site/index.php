<?php
/**
 * An ordinary PHP page: a contact form whose messages leave as mail by the gateway, and an inbox that shows what arrives.
 * Without JavaScript the inbox is a frame that asks again and again; with it, it is live. On a real site the inbox belongs behind a login.
 */
require __DIR__ . '/shop.php';

if ($_SERVER['REQUEST_METHOD'] === 'POST') {
    $said = shop_contact($_POST);
    // So that reloading sends nothing again.
    session_start();
    $_SESSION['said'] = $said;
    session_write_close();
    header('Location: ' . $_SERVER['SCRIPT_NAME'], true, 303);
    exit;
}
shop_let_listen();
$away = false;
try {
    $inbox = shop_inbox();
} catch (DragomanError $error) {
    $away = true;
    $inbox = array('cursor' => '', 'messages' => array());
}
if (session_status() !== PHP_SESSION_ACTIVE) {
    session_start();
}
$said = isset($_SESSION['said']) ? $_SESSION['said'] : '';
unset($_SESSION['said']);
session_write_close();
header('Content-Type: text/html; charset=utf-8');
header('Cache-Control: no-store');
?>
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Corner shop</title>
<link rel="stylesheet" href="shop.css">
<noscript><style>#inbox { display: none }</style></noscript>
</head>
<body>
<h1>Corner shop</h1>
<main>
<section>
<h2>Write to us</h2>
<?php if ($said !== '') { ?>
<p id="said" role="status"><?= shop_text($said) ?></p>
<?php } ?>
<form method="post">
<input type="hidden" name="rid" value="<?= shop_text('contact-' . bin2hex(openssl_random_pseudo_bytes(12))) ?>">
<label>Your name <input name="name" required maxlength="100" autocomplete="name"></label>
<label>Your e-mail address <input name="address" type="email" required autocomplete="email"></label>
<label>Your message <textarea name="message" required rows="5"></textarea></label>
<button>Send</button>
</form>
</section>
<section>
<h2>Inbox <small id="state"><?= $away ? 'away' : '' ?></small></h2>
<ul id="inbox" data-cursor="<?= shop_text($inbox['cursor']) ?>">
<?= shop_items($inbox['messages']) ?>
</ul>
<noscript><iframe src="inbox.php" title="Inbox"></iframe></noscript>
</section>
</main>
<script type="module" src="inbox.js"></script>
</body>
</html>
