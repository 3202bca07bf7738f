<?php
/**
 * Hands the site's mail to the gateway. A mail is stored first: while the gateway is away it waits in the site's own
 * list and is posted again with the same rid, which the gateway carries out once however often it is posted.
 */

defined('ABSPATH') || exit;

/** Mails that one upkeep posts, and asks about. */
define('DRAGOMAN_UPKEEP_LIMIT', 50);

add_filter('pre_wp_mail', 'dragoman_pre_wp_mail', 10, 2);
add_filter('cron_schedules', 'dragoman_schedules');
add_action('dragoman_upkeep', 'dragoman_upkeep');

/** Takes over wp_mail() once a key is set. Returns true when the mail is accepted or waits, false when it is refused. */
function dragoman_pre_wp_mail($sent, $mail)
{
    if ($sent !== null || dragoman_setting('key') === '') {
        return $sent;
    }
    try {
        $activity = dragoman_mail_activity($mail);
    } catch (InvalidArgumentException $error) {
        do_action('wp_mail_failed', new WP_Error('wp_mail_failed', $error->getMessage(), $mail));
        return false;
    }
    $is_stored = dragoman_store_mail($activity);
    $problem = dragoman_post_mail($activity, $is_stored);
    if ($problem === null) {
        do_action('wp_mail_succeeded', $mail);
        return true;
    }
    do_action('wp_mail_failed', new WP_Error('wp_mail_failed', $problem, $mail));
    return false;
}

/** Posts a mail and stores its status. Returns null, or why it was refused; a stored mail may wait for the gateway. */
function dragoman_post_mail(array $activity, $may_wait = true)
{
    $gateway = dragoman_gateway();
    if ($gateway === null) {
        return 'The plugin has no API key.';
    }
    try {
        $confirm = $gateway->send($activity);
    } catch (DragomanUnavailable $error) {
        dragoman_update_mail($activity['rid'], 'waiting', $error->getMessage());
        return $may_wait ? null : $error->getMessage();
    } catch (DragomanError $error) {
        dragoman_update_mail($activity['rid'], 'refused', $error->getMessage());
        return $error->getMessage();
    }
    dragoman_update_mail($activity['rid'], $confirm['status']);
    return null;
}

function dragoman_schedules($schedules)
{
    return $schedules + array('dragoman_minute' => array('interval' => 60, 'display' => 'Every minute'));
}

/** Posts mails that wait, asks what became of the others, and forgets old ones. WP-Cron runs it every minute. */
function dragoman_upkeep()
{
    dragoman_post_waiting(DRAGOMAN_UPKEEP_LIMIT);
    dragoman_refresh_mails(DRAGOMAN_UPKEEP_LIMIT);
    dragoman_forget_mails();
}

/** Posts mails that wait, oldest first. Ends when several wait on: the gateway is away, and the page must not hang. */
function dragoman_post_waiting($limit)
{
    $failures = 0;
    foreach (dragoman_rids_with(array('waiting'), $limit) as $rid) {
        $activity = dragoman_stored_activity($rid);
        if ($activity === null) {
            continue;
        }
        dragoman_post_mail($activity);
        if (in_array($rid, dragoman_rids_with(array('waiting'), $limit), true) && ++$failures >= 3) {
            return;
        }
    }
}

/** Asks the gateway about mails without an outcome. Returns null, or why it can't be asked. */
function dragoman_refresh_mails($limit)
{
    $gateway = dragoman_gateway();
    if ($gateway === null) {
        return 'The plugin has no API key.';
    }
    foreach (dragoman_rids_with(array('scheduled', 'queued', 'sending', 'deferred'), $limit) as $rid) {
        try {
            $standing = $gateway->status($rid);
        } catch (DragomanError $error) {
            return $error->getMessage();
        }
        if ($standing === null) {
            dragoman_update_mail($rid, 'unknown', 'The gateway does not know this mail any more.');
        } else {
            dragoman_update_mail($rid, $standing['status'], dragoman_reason($standing));
        }
    }
    return null;
}

/** Returns why a mail is not sent, in the words of the server where it has any. */
function dragoman_reason(array $standing)
{
    if ($standing['status'] === 'sent') {
        return '';
    }
    $result = isset($standing['result']) ? $standing['result'] : $standing;
    $reasons = array();
    foreach (isset($result['target']) ? $result['target'] : array() as $target) {
        if (isset($target['error'])) {
            $reasons[] = $target['address'] . ': ' . dragoman_error_text($target['error']);
        }
    }
    if (!$reasons && isset($result['error'])) {
        $reasons[] = dragoman_error_text($result['error']);
    }
    return implode(' ', $reasons);
}

/** Returns the gateway's sentence about an error, and the server's own words. */
function dragoman_error_text(array $error)
{
    $error += array('detail' => '', 'platformCode' => '');
    return $error['platformCode'] === '' ? $error['detail'] : "$error[detail] ($error[platformCode])";
}
