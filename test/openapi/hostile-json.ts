/** Activity with this text as its `object.body`, unescaped. */
export const holding = (raw: string): string =>
  `{"platform":"dummy","verb":"echo","actor":{"address":"alice"},"target":{"address":"bob"},"object":{"body":${raw}}}`;
const around = (more: string): string => holding('"Hi"').replace(/}$/, `,${more}}`);
const bytes = (text: string, ...wrong: number[]): Buffer => {
  const [before, after] = text.split("▮");
  return Buffer.concat([Buffer.from(before ?? ""), Buffer.from(wrong), Buffer.from(after ?? "")]);
};
const nested = (depth: number, open: string, close: string): string =>
  holding(open.repeat(depth) + close.repeat(depth));

/** Marker that no answer may repeat; hostile texts contain it where possible. */
export const MARK = "m4rkm4rk";

/**
 * Texts that are not JSON, or on which JSON parsers disagree (RFC 8259). The idea is JSONTestSuite's. All are answered
 * 400.
 */
export const notJson: Readonly<Record<string, string | Buffer>> = {
  "nothing at all": "",
  "only space": " \n\t ",
  "an unfinished object": `{"${MARK}":`,
  "an unfinished string": holding(`"${MARK}`),
  "an unfinished escape": holding(`"${MARK}\\"`),
  "an unknown escape": holding(`"${MARK}\\x41"`),
  "an escaped line end": holding(`"${MARK}\\\n"`),
  "an unfinished \\u": holding(`"${MARK}\\u00e"`),
  "a \\u with other letters": holding(`"${MARK}\\u00zz"`),
  "a raw line end in a string": holding(`"${MARK}\n"`),
  "a raw tab in a string": holding(`"${MARK}\t"`),
  "a raw NUL in a string": holding(`"${MARK}\u0000"`),
  "single quotes": holding(`'${MARK}'`),
  "a bare word": holding(MARK),
  "a key without quotes": `{${MARK}:1}`,
  "a number as key": `{1:"${MARK}"}`,
  "a trailing comma in an object": `${holding(`"${MARK}"`).slice(0, -1)},}`,
  "a trailing comma in a list": `[${holding(`"${MARK}"`)},]`,
  "a leading comma": `[,${holding(`"${MARK}"`)}]`,
  "two commas": `[${holding('"Hi"')},,${holding('"Hi"')}]`,
  "no comma": `[${holding('"Hi"')} ${holding('"Hi"')}]`,
  "a colon too many": `{"platform"::"${MARK}"}`,
  "no colon": `{"platform" "${MARK}"}`,
  "a value after the end": `${holding('"Hi"')}"${MARK}"`,
  "two values": holding('"Hi"').repeat(2),
  "a closing brace too many": `${holding(`"${MARK}"`)}}`,
  "a bracket closed by a brace": `[${holding('"Hi"')}}`,
  "a line comment": `${holding('"Hi"')}// ${MARK}`,
  "a block comment": `/* ${MARK} */${holding('"Hi"')}`,
  "a hash comment": `# ${MARK}\n${holding('"Hi"')}`,
  "a plus sign": holding("+1"),
  "a leading zero": holding("012"),
  "a bare point": holding(".5"),
  "a point without digits": holding("1."),
  "an exponent without digits": holding("1e"),
  "a minus alone": holding("-"),
  "a hex number": holding("0x1F"),
  "a number with separators": holding("1_000"),
  NaN: holding("NaN"),
  Infinity: holding("Infinity"),
  "minus Infinity": holding("-Infinity"),
  undefined: holding("undefined"),
  "True as Python writes it": holding("True"),
  nul: holding("nul"),
  "a template literal": holding(`\`${MARK}\``),
  "full-width digits": holding("１２"),
  "a no-break space between tokens": holding('"Hi"').replace(",", ",\u00a0"),
  "a line separator between tokens": holding('"Hi"').replace(",", ",\u2028"),
  "a byte order mark only": "\ufeff",
  "UTF-16 little endian": Buffer.from(holding(`"${MARK}"`), "utf16le"),
  "UTF-16 with its mark": Buffer.from(`\ufeff${holding(`"${MARK}"`)}`, "utf16le"),
  "a Latin-1 letter": bytes(holding(`"${MARK}▮"`), 0xe9),
  "an overlong slash": bytes(holding(`"${MARK}▮"`), 0xc0, 0xaf),
  "a surrogate in UTF-8": bytes(holding(`"${MARK}▮"`), 0xed, 0xa0, 0x80),
  "a truncated UTF-8 letter": bytes(holding(`"${MARK}▮"`), 0xe2, 0x82),
  "beyond Unicode": bytes(holding(`"${MARK}▮"`), 0xf4, 0x90, 0x80, 0x80),
  "a lone high surrogate": holding(`"${MARK}\\ud83d"`),
  "a lone low surrogate": holding(`"${MARK}\\ude00"`),
  "surrogates the wrong way round": holding(`"${MARK}\\ude00\\ud83d"`),
  "a lone surrogate as key": around(`"${MARK}\\ud800":1`),
  "the same key twice": around(`"verb":"${MARK}"`),
  "the same key twice, once escaped": around(`"v\\u0065rb":"${MARK}"`),
  "the same key twice, deep": holding(`{"a":1,"a":"${MARK}"}`),
  "a __proto__": around(`"__proto__":{"admin":"${MARK}"}`),
  "a __proto__, escaped": around(`"\\u005f_proto__":{"admin":"${MARK}"}`),
  "a __proto__, deep": holding(`{"__proto__":{"admin":"${MARK}"}}`),
  "a constructor": around(`"constructor":{"prototype":{"admin":"${MARK}"}}`),
  "33 lists deep": nested(33, "[", "]"),
  "a thousand objects deep": nested(1_000, `{"a":`, "}").replace(":}", ":1}"),
  "thirty thousand lists deep": "[".repeat(30_000),
  "a number beyond doubles": holding("1e400"),
  "a number far beyond doubles": holding(`-1${"0".repeat(400)}`),
};

/** JSON all right, but no activity. All are 422. */
export const notActivity: Readonly<Record<string, string>> = {
  null: "null",
  true: "true",
  "a number": "17",
  "a text": `"${MARK}"`,
  "an empty list": "[]",
  "an empty object": "{}",
  "an object of another kind": `{"${MARK}":"${MARK}"}`,
  "a number as body": holding("9007199254740993"),
  "null as body": holding("null"),
  "an object as body": holding(`{"${MARK}":1}`),
  "an unknown property": around(`"${MARK}":1`),
  "toString as a verb": holding('"Hi"').replace('"echo"', '"toString"'),
  "hasOwnProperty as a verb": holding('"Hi"').replace('"echo"', '"hasOwnProperty"'),
  "valueOf as a platform": holding('"Hi"').replace('"dummy"', '"valueOf"'),
  "an rid with a line end": around(`"rid":"${MARK}\\r\\nX: y"`),
  "an rid beyond safe integers": around('"rid":9007199254740993'),
  "an rid below zero": around('"rid":-1'),
  "an rid with a fraction": around('"rid":1.5'),
  "an rid of 129": around(`"rid":"${"r".repeat(129)}"`),
  "no target": holding('"Hi"').replace('{"address":"bob"}', "[]"),
  "a hundred and one targets": holding('"Hi"').replace('{"address":"bob"}', `[${Array(101).fill('{"address":"b"}')}]`),
};

/** Unusual, but an activity. All are 202. */
export const fine: Readonly<Record<string, string>> = {
  // RFC 8259 section 8.1 allows a parser to skip the byte order mark, with which files read by PHP often begin.
  "a byte order mark": `\ufeff${holding('"Hi"')}`,
  "space around": ` \r\n\t${holding('"Hi"')} \n`,
  "escapes for letters": holding('"\\u0048\\u0069 \\/ \\b\\f\\n\\r\\t \\" \\\\"'),
  "a pair of surrogates": holding('"\\ud83d\\ude00"'),
  "letters of many scripts": holding('"Grüße, 你好, שלום, 😀, e\\u0301"'),
  "U+2028 and noncharacters": holding('"\u2028\u2029\ufffe\\uffff"'),
  "an escaped NUL": holding('"a\\u0000b"'),
  "text that looks like JSON": holding('"{\\"__proto__\\":1}"'),
  "an integer rid": around('"rid":17'),
  "a target list": holding('"Hi"').replace('{"address":"bob"}', '[{"address":"bob"}]'),
  "an empty list for an object": holding('"Hi"').replace('{"body":"Hi"}', "[]"),
};
