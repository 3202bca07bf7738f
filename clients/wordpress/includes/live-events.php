<?php
/**
 * The short code `[dragoman_events platform="irc" actor="me@irc.example.org"]` shows what arrives, live.
 *
 * Who is logged in may listen; with `public="yes"` everybody may. A page's token covers this account of this network
 * only: it is given for what the author wrote into the short code, which a signature proves.
 */

defined('ABSPATH') || exit;

/** Seconds that a page's token lives. The page asks for the next by itself. */
define('DRAGOMAN_TOKEN_SECONDS', 600);

add_shortcode('dragoman_events', 'dragoman_events_shortcode');
add_action('rest_api_init', 'dragoman_register_token_route');
add_filter('script_loader_tag', 'dragoman_module_tag', 10, 3);

function dragoman_events_shortcode($attributes)
{
    $given = shortcode_atts(array('platform' => '', 'actor' => '', 'public' => 'no'), $attributes, 'dragoman_events');
    if ($given['platform'] === '' || $given['actor'] === '') {
        return '<p>The short code needs a platform and an actor.</p>';
    }
    $public = $given['public'] === 'yes' ? 'yes' : 'no';
    if ($public === 'no' && !is_user_logged_in()) {
        return '<p>Log in to see what arrives.</p>';
    }
    wp_enqueue_script('dragoman-live', plugins_url('live-events.js', __DIR__ . '/../dragoman.php'), array(), '0.2.0', true);
    $data = array(
        'path' => dragoman_setting('path'),
        'token' => esc_url_raw(rest_url('dragoman/v1/token')),
        'nonce' => wp_create_nonce('wp_rest'),
        'platform' => $given['platform'],
        'actor' => $given['actor'],
        'public' => $public,
        'signature' => dragoman_listen_signature($given['platform'], $given['actor'], $public),
    );
    $html = '<ul class="dragoman-events" aria-live="polite"';
    foreach ($data as $name => $value) {
        $html .= " data-$name=\"" . esc_attr($value) . '"';
    }
    return $html . '></ul>';
}

/** Signs what a page may listen to, so that a visitor can't ask for more. */
function dragoman_listen_signature($platform, $actor, $public)
{
    return wp_hash("dragoman|$platform|$actor|$public", 'nonce');
}

function dragoman_register_token_route()
{
    register_rest_route('dragoman/v1', '/token', array(
        'methods' => 'POST',
        'callback' => 'dragoman_give_token',
        'permission_callback' => 'dragoman_may_listen',
    ));
}

function dragoman_may_listen(WP_REST_Request $request)
{
    $public = (string) $request['public'];
    $right = dragoman_listen_signature((string) $request['platform'], (string) $request['actor'], $public);
    return hash_equals($right, (string) $request['signature']) && ($public === 'yes' || is_user_logged_in());
}

function dragoman_give_token(WP_REST_Request $request)
{
    $gateway = dragoman_gateway();
    if ($gateway === null) {
        return new WP_Error('dragoman_no_key', 'The plugin has no API key.', array('status' => 503));
    }
    $claims = array('platforms' => array((string) $request['platform']), 'actors' => array((string) $request['actor']));
    $answer = new WP_REST_Response(array('token' => $gateway->token($claims, DRAGOMAN_TOKEN_SECONDS)));
    $answer->header('Cache-Control', 'no-store');
    return $answer;
}

/** Makes the script a module, which may import the gateway's client. */
function dragoman_module_tag($tag, $handle, $source)
{
    if ($handle !== 'dragoman-live') {
        return $tag;
    }
    return '<script type="module" src="' . esc_url($source) . '"></script>' . "\n";
}
