<?php
/**
 * The site's own list of mails: what was handed to the gateway, what waits for it, and what became of each.
 *
 * `status` is `waiting` (the gateway was away; posted again by the upkeep), `refused`, or the gateway's own status.
 */

defined('ABSPATH') || exit;

/** Days that a mail stays in the list. */
define('DRAGOMAN_KEPT_DAYS', 30);

function dragoman_table()
{
    global $wpdb;
    return $wpdb->prefix . 'dragoman_mail';
}

function dragoman_create_table()
{
    global $wpdb;
    require_once ABSPATH . 'wp-admin/includes/upgrade.php';
    $table = dragoman_table();
    $collation = $wpdb->get_charset_collate();
    dbDelta("CREATE TABLE $table (
        rid varchar(64) NOT NULL,
        created datetime(3) NOT NULL,
        recipients text NOT NULL,
        subject text NOT NULL,
        activity longtext NOT NULL,
        status varchar(20) NOT NULL,
        detail text NOT NULL,
        PRIMARY KEY  (rid),
        KEY created (created),
        KEY status (status)
    ) $collation;");
}

/** The time with milliseconds, so that mails of one second keep their order. */
function dragoman_now()
{
    list($fraction, $seconds) = explode(' ', microtime());
    return gmdate('Y-m-d H:i:s', (int) $seconds) . substr($fraction, 1, 4);
}

/** Stores a mail before it is posted, so that it survives an absent gateway. Returns whether it was stored. */
function dragoman_store_mail(array $activity)
{
    global $wpdb;
    $recipients = array();
    foreach ($activity['target'] as $target) {
        $recipients[] = $target['address'];
    }
    return (bool) $wpdb->insert(dragoman_table(), array(
        'rid' => $activity['rid'],
        'created' => dragoman_now(),
        'recipients' => implode(', ', $recipients),
        'subject' => isset($activity['object']['subject']) ? $activity['object']['subject'] : '',
        'activity' => wp_json_encode($activity),
        'status' => 'waiting',
        'detail' => '',
    ));
}

/** Stores a mail's status. The content of a sent mail is dropped: nobody sends it again. */
function dragoman_update_mail($rid, $status, $detail = '')
{
    global $wpdb;
    $fields = array('status' => $status, 'detail' => $detail);
    if ($status === 'sent') {
        $fields['activity'] = '';
    }
    $wpdb->update(dragoman_table(), $fields, array('rid' => $rid));
}

/** Returns the activity of a stored mail, or null when it is not kept any more. */
function dragoman_stored_activity($rid)
{
    global $wpdb;
    $table = dragoman_table();
    $text = $wpdb->get_var($wpdb->prepare("SELECT activity FROM $table WHERE rid = %s", $rid));
    return $text ? json_decode($text, true) : null;
}

/** Returns mails, newest first. */
function dragoman_list_mails($limit, $offset)
{
    global $wpdb;
    $table = dragoman_table();
    $fields = 'rid, created, recipients, subject, status, detail';
    return $wpdb->get_results($wpdb->prepare(
        "SELECT $fields FROM $table ORDER BY created DESC, rid DESC LIMIT %d OFFSET %d",
        $limit,
        $offset
    ));
}

/** Returns rids of mails with one of the statuses, oldest first. */
function dragoman_rids_with(array $statuses, $limit)
{
    global $wpdb;
    $table = dragoman_table();
    $places = implode(', ', array_fill(0, count($statuses), '%s'));
    $values = array_merge($statuses, array($limit));
    return $wpdb->get_col($wpdb->prepare(
        "SELECT rid FROM $table WHERE status IN ($places) ORDER BY created LIMIT %d",
        $values
    ));
}

/** Drops mails that are too old. */
function dragoman_forget_mails()
{
    global $wpdb;
    $table = dragoman_table();
    $oldest = gmdate('Y-m-d H:i:s', time() - DRAGOMAN_KEPT_DAYS * DAY_IN_SECONDS);
    $wpdb->query($wpdb->prepare("DELETE FROM $table WHERE created < %s", $oldest));
}
