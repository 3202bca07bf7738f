<?php
/**
 * Plugin Name: Dragoman
 * Description: Sends this site's mail through a Dragoman gateway, shows what became of each mail, and shows live events.
 * Version: 0.2.0
 * Requires at least: 5.7
 * Requires PHP: 5.6
 * License: MIT
 *
 * Settings are constants in wp-config.php, or options of the page Settings > Dragoman:
 *   DRAGOMAN_URL   the gateway's address for PHP, such as http://127.0.0.1:8000/gateway
 *   DRAGOMAN_KEY   the app's API key
 *   DRAGOMAN_FROM  sender of mail that names none; WordPress' own, wordpress@<host>, unless set
 *   DRAGOMAN_PATH  the gateway's path for browsers, on this site; /gateway unless set
 */

defined('ABSPATH') || exit;

foreach (array(__DIR__ . '/Dragoman.php', __DIR__ . '/../php/Dragoman.php') as $dragoman_client) {
    if (!class_exists('Dragoman') && is_file($dragoman_client)) {
        require_once $dragoman_client;
    }
}
require_once __DIR__ . '/includes/settings.php';
require_once __DIR__ . '/includes/mail-store.php';
require_once __DIR__ . '/includes/mail-activity.php';
require_once __DIR__ . '/includes/mail-sender.php';
require_once __DIR__ . '/includes/mail-page.php';
require_once __DIR__ . '/includes/live-events.php';

register_activation_hook(__FILE__, 'dragoman_activate');
register_deactivation_hook(__FILE__, 'dragoman_deactivate');

/** Creates the table of mails and schedules the upkeep. */
function dragoman_activate()
{
    dragoman_create_table();
    if (!wp_next_scheduled('dragoman_upkeep')) {
        wp_schedule_event(time(), 'dragoman_minute', 'dragoman_upkeep');
    }
}

/** Ends the upkeep. Mails and settings stay. */
function dragoman_deactivate()
{
    wp_clear_scheduled_hook('dragoman_upkeep');
}
