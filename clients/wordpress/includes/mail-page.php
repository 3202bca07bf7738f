<?php
/** The page Tools > Mail: what became of each mail, and why; a mail that was not sent can be sent again. */

defined('ABSPATH') || exit;

define('DRAGOMAN_PAGE_SIZE', 50);

add_action('admin_menu', 'dragoman_add_mail_page');
add_action('admin_post_dragoman_resend', 'dragoman_resend');

function dragoman_add_mail_page()
{
    add_management_page('Mail by Dragoman', 'Mail', 'manage_options', 'dragoman-mail', 'dragoman_mail_page');
}

function dragoman_mail_page()
{
    $page = isset($_GET['paged']) ? max(1, (int) $_GET['paged']) : 1;
    dragoman_post_waiting(DRAGOMAN_PAGE_SIZE);
    $problem = dragoman_refresh_mails(DRAGOMAN_PAGE_SIZE);
    $mails = dragoman_list_mails(DRAGOMAN_PAGE_SIZE + 1, ($page - 1) * DRAGOMAN_PAGE_SIZE);
    $has_more = count($mails) > DRAGOMAN_PAGE_SIZE;
    ?>
    <div class="wrap">
    <h1>Mail</h1>
    <?php if ($problem !== null) { ?>
    <div class="notice notice-warning"><p><?php echo esc_html("The gateway does not answer: $problem"); ?></p></div>
    <?php } ?>
    <table class="widefat striped">
    <thead><tr><th scope="col">Time</th><th scope="col">To</th><th scope="col">Subject</th>
    <th scope="col">Status</th><th scope="col">Reason</th><th scope="col">Action</th></tr></thead>
    <tbody>
    <?php
    foreach (array_slice($mails, 0, DRAGOMAN_PAGE_SIZE) as $mail) {
        dragoman_mail_row($mail);
    }
    ?>
    </tbody>
    </table>
    <p>
    <?php if ($page > 1) { ?>
    <a href="<?php echo esc_url(add_query_arg('paged', $page - 1)); ?>">Newer</a>
    <?php } if ($has_more) { ?>
    <a href="<?php echo esc_url(add_query_arg('paged', $page + 1)); ?>">Older</a>
    <?php } ?>
    </p>
    </div>
    <?php
}

function dragoman_mail_row($mail)
{
    ?>
    <tr>
    <td><?php echo esc_html(get_date_from_gmt(substr($mail->created, 0, 19))); ?></td>
    <td><?php echo esc_html($mail->recipients); ?></td>
    <td><?php echo esc_html($mail->subject); ?></td>
    <td><?php echo esc_html($mail->status); ?></td>
    <td><?php echo esc_html($mail->detail); ?></td>
    <td>
    <?php if (in_array($mail->status, array('failed', 'refused', 'unknown', 'expired', 'cancelled', 'partial'), true)) { ?>
    <form method="post" action="<?php echo esc_url(admin_url('admin-post.php')); ?>">
    <input type="hidden" name="action" value="dragoman_resend">
    <input type="hidden" name="rid" value="<?php echo esc_attr($mail->rid); ?>">
    <?php wp_nonce_field("dragoman_resend_$mail->rid"); ?>
    <button class="button" aria-label="<?php echo esc_attr("Send again: $mail->subject"); ?>">Send again</button>
    </form>
    <?php } ?>
    </td>
    </tr>
    <?php
}

/** Sends a mail again, under a new rid: the gateway answers the old one with its old outcome. */
function dragoman_resend()
{
    $rid = isset($_POST['rid']) ? sanitize_text_field(wp_unslash($_POST['rid'])) : '';
    check_admin_referer("dragoman_resend_$rid");
    if (!current_user_can('manage_options')) {
        wp_die('You may not send mail again.', '', array('response' => 403));
    }
    $activity = dragoman_stored_activity($rid);
    if ($activity === null) {
        wp_die('This mail is not kept any more.', '', array('response' => 404));
    }
    $activity['rid'] = Dragoman::rid();
    dragoman_store_mail($activity);
    dragoman_post_mail($activity);
    wp_safe_redirect(admin_url('tools.php?page=dragoman-mail'));
    exit;
}
