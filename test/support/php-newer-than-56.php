<?php
// Prints every place of the files where they use what PHP 5.6 does not know, by PHP's own tokenizer.
$tokens = array('T_COALESCE', 'T_COALESCE_EQUAL', 'T_SPACESHIP', 'T_FN', 'T_NULLSAFE_OBJECT_OPERATOR', 'T_MATCH', 'T_ATTRIBUTE', 'T_ENUM', 'T_READONLY', 'T_YIELD_FROM');
$functions = array(
    'random_bytes', 'random_int', 'intdiv', 'is_iterable', 'is_countable', 'array_key_first', 'array_key_last', 'hrtime',
    'str_contains', 'str_starts_with', 'str_ends_with', 'get_debug_type', 'array_is_list', 'json_validate', 'mb_str_split',
    'error_clear_last', 'preg_last_error_msg', 'array_find', 'array_any', 'array_all', 'http_get_last_response_headers',
);
$scalars = array('int', 'string', 'bool', 'float', 'mixed', 'iterable', 'object', 'void', 'never', 'static');
foreach (array_slice($argv, 1) as $file) {
    $line = 0;
    $found = array();
    foreach (token_get_all(file_get_contents($file)) as $token) {
        $line = is_array($token) ? $token[2] : $line;
        $name = is_array($token) ? token_name($token[0]) : $token;
        if (!in_array($name, array('T_WHITESPACE', 'T_COMMENT', 'T_DOC_COMMENT'), true)) {
            $found[] = array($name, strtolower(is_array($token) ? $token[1] : $token), $line);
        }
    }
    $end = array('', '', 0);
    foreach ($found as $at => $token) {
        list($name, $text, $line) = $token;
        $before = $at > 0 ? $found[$at - 1] : $end;
        $after = isset($found[$at + 1]) ? $found[$at + 1] : $end;
        $typed = $name === 'T_VARIABLE' && in_array($before[1], $scalars, true);
        $returnType = $before[1] === ':' && $after[1] === '{';
        $called = $text === '(' && in_array($before[1], $functions, true);
        if (in_array($name, $tokens, true) || $typed || $returnType || $called || $text === 'strict_types') {
            echo "$file:$line $text\n";
        }
    }
}
