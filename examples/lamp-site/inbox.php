<?php
/** The inbox for browsers without JavaScript: a frame that comes again every few seconds, so that the form beside it stays as it is. */
require __DIR__ . '/shop.php';

header('Content-Type: text/html; charset=utf-8');
header('Cache-Control: no-store');
try {
    $inbox = shop_inbox();
    $items = shop_items($inbox['messages']);
} catch (DragomanError $error) {
    $items = '<li>The inbox is away for a moment.</li>';
}
?>
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="3">
<title>Inbox</title>
<link rel="stylesheet" href="shop.css">
</head>
<body class="frame">
<ul><?= $items ?></ul>
</body>
</html>
