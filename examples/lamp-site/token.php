<?php
/** Gives the page's browser a new token when the gateway says that the last one has ended. On a real site: to who is logged in. */
require __DIR__ . '/shop.php';

if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
    header('Allow: POST', true, 405);
    exit;
}
shop_let_listen();
http_response_code(204);
