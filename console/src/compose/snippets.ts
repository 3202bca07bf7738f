/** Values that code samples can hold. */
type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };

export interface Snippet {
  readonly title: string;
  readonly code: string;
}

/** Returns programs that post the activity. The key is taken from the environment variable DRAGOMAN_KEY. */
export function snippetsOf(gateway: string, activity: Value): readonly Snippet[] {
  const url = `${gateway}/activities`;
  return [
    { title: "curl", code: curl(url, activity) },
    { title: "PHP", code: php(url, activity) },
    { title: "JavaScript", code: javaScript(url, activity) },
    { title: "Python", code: python(url, activity) },
  ];
}

function curl(url: string, activity: Value): string {
  const quoted = JSON.stringify(activity).replaceAll("'", "'\\''");
  return `curl -H "Authorization: Bearer $DRAGOMAN_KEY" \\
  -H 'Content-Type: application/json' \\
  -d '${quoted}' \\
  ${url}
`;
}

function php(url: string, activity: Value): string {
  return `<?php
$activity = ${phpOf(activity, "")};
$context = stream_context_create(array('http' => array(
    'method' => 'POST',
    'header' => "Content-Type: application/json\\r\\nAuthorization: Bearer " . getenv('DRAGOMAN_KEY'),
    'content' => json_encode($activity),
    'ignore_errors' => true,
)));
echo file_get_contents('${url}', false, $context), "\\n";
`;
}

function javaScript(url: string, activity: Value): string {
  return `const answer = await fetch("${url}", {
  method: "POST",
  headers: { Authorization: \`Bearer \${process.env.DRAGOMAN_KEY}\`, "Content-Type": "application/json" },
  body: JSON.stringify(${JSON.stringify(activity, null, 2).replaceAll("\n", "\n  ")}),
});
console.log(answer.status, await answer.json());
`;
}

function python(url: string, activity: Value): string {
  return `import json, os, urllib.request

activity = ${pythonOf(activity, "")}
request = urllib.request.Request(
    "${url}",
    data=json.dumps(activity).encode(),
    headers={"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["DRAGOMAN_KEY"]},
)
print(urllib.request.urlopen(request).read().decode())
`;
}

function phpOf(value: Value, indent: string): string {
  if (typeof value === "string") return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  if (typeof value !== "object" || value === null) return String(value);
  const inner = `${indent}    `;
  const lines = Array.isArray(value)
    ? value.map((item: Value) => `${inner}${phpOf(item, inner)},\n`)
    : Object.entries(value).map(([name, member]) => `${inner}${phpOf(name, "")} => ${phpOf(member, inner)},\n`);
  return `array(\n${lines.join("")}${indent})`;
}

function pythonOf(value: Value, indent: string): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}    `;
  if (Array.isArray(value))
    return `[\n${value.map((item: Value) => `${inner}${pythonOf(item, inner)},\n`).join("")}${indent}]`;
  const lines = Object.entries(value).map(
    ([name, member]) => `${inner}${JSON.stringify(name)}: ${pythonOf(member, inner)},\n`,
  );
  return `{\n${lines.join("")}${indent}}`;
}
