<?php
/** Settings of the plugin, and the gateway's client. */

defined('ABSPATH') || exit;

add_action('admin_init', 'dragoman_register_settings');
add_action('admin_menu', 'dragoman_add_settings_page');

/** Returns a setting: a constant of wp-config.php, else an option, else its default. */
function dragoman_setting($name)
{
    $constant = 'DRAGOMAN_' . strtoupper($name);
    if (defined($constant)) {
        return (string) constant($constant);
    }
    $defaults = array('url' => 'http://127.0.0.1:8000/gateway', 'key' => '', 'path' => '/gateway', 'from' => '');
    $stored = (string) get_option("dragoman_$name", '');
    return $stored === '' ? $defaults[$name] : $stored;
}

/**
 * Returns the client, or null while the plugin has no key. PHP calls the gateway directly, not through the web server.
 * $patience: seconds for repeating what got no answer; a page waits for the gateway no longer than this.
 */
function dragoman_gateway($patience = 0)
{
    if (dragoman_setting('key') === '' || !class_exists('Dragoman')) {
        return null;
    }
    $options = array('patience' => $patience, 'connectTimeout' => 2, 'timeout' => 5);
    return new Dragoman(dragoman_setting('url'), dragoman_setting('key'), $options);
}

function dragoman_register_settings()
{
    register_setting('dragoman', 'dragoman_url', array('sanitize_callback' => 'esc_url_raw'));
    register_setting('dragoman', 'dragoman_key', array('sanitize_callback' => 'dragoman_sanitize_key'));
    register_setting('dragoman', 'dragoman_from', array('sanitize_callback' => 'sanitize_email'));
    register_setting('dragoman', 'dragoman_path', array('sanitize_callback' => 'sanitize_text_field'));
}

/** Returns the key to store. The form never shows it, so that an empty field keeps it. */
function dragoman_sanitize_key($value)
{
    $value = trim((string) $value);
    return $value === '' ? (string) get_option('dragoman_key', '') : $value;
}

function dragoman_add_settings_page()
{
    add_options_page('Dragoman', 'Dragoman', 'manage_options', 'dragoman', 'dragoman_settings_page');
}

function dragoman_settings_page()
{
    $has_key = dragoman_setting('key') !== '';
    ?>
    <div class="wrap">
    <h1>Dragoman</h1>
    <form method="post" action="options.php">
    <?php settings_fields('dragoman'); ?>
    <table class="form-table" role="presentation">
    <tr>
    <th scope="row"><label for="dragoman_url">Gateway</label></th>
    <td><input class="regular-text" type="url" id="dragoman_url" name="dragoman_url"
        value="<?php echo esc_attr(dragoman_setting('url')); ?>" <?php disabled(defined('DRAGOMAN_URL')); ?>>
    <p class="description">Address for PHP. On the same machine that is loopback.</p></td>
    </tr>
    <tr>
    <th scope="row"><label for="dragoman_key">API key</label></th>
    <td><input class="regular-text" type="password" id="dragoman_key" name="dragoman_key" value="" autocomplete="off"
        <?php disabled(defined('DRAGOMAN_KEY')); ?>>
    <p class="description"><?php
    echo $has_key ? 'A key is stored. Leave empty to keep it.' : 'Mail goes the usual way until a key is stored.';
    ?></p></td>
    </tr>
    <tr>
    <th scope="row"><label for="dragoman_from">Sender's address</label></th>
    <td><input class="regular-text" type="email" id="dragoman_from" name="dragoman_from"
        value="<?php echo esc_attr(dragoman_setting('from')); ?>" <?php disabled(defined('DRAGOMAN_FROM')); ?>>
    <p class="description">Of mail that names no sender. Best one whose account the gateway has.</p></td>
    </tr>
    <tr>
    <th scope="row"><label for="dragoman_path">Path for browsers</label></th>
    <td><input class="regular-text" type="text" id="dragoman_path" name="dragoman_path"
        value="<?php echo esc_attr(dragoman_setting('path')); ?>" <?php disabled(defined('DRAGOMAN_PATH')); ?>></td>
    </tr>
    </table>
    <?php submit_button(); ?>
    </form>
    </div>
    <?php
}
