/** Lines of a part of a mail that is in uuencode: `cat.gif`, 3 bytes. */
export const UUENCODED_PART: readonly string[] = [
  "Content-Type: image/gif; name=cat.gif",
  "Content-Transfer-Encoding: x-uuencode",
  "",
  "begin 644 cat.gif",
  "#0V%T",
  "`",
  "end",
];
