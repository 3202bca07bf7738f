import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { snippetsOf } from "../../console/src/compose/snippets.ts";
import { gateway } from "../support/gateway.ts";
import { shell } from "../support/shell.ts";

let gw: Awaited<ReturnType<typeof gateway>>;
let key: string;
beforeAll(async () => {
  gw = await gateway({ PLATFORMS: "+dummy" }, { works: false });
  key = await gw.keyOf("shop");
});
afterAll(() => gw.stop());

const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  curl: ["bash", "-c"],
  PHP: ["php", "-r"],
  JavaScript: [process.execPath, "--input-type=module", "-e"],
  Python: ["python3", "-c"],
};
/** Text that breaks programs which quote carelessly. */
const HARD = `O'Neil "said" \\n $HOME \${x} \`id\` %s \u2028 \u{1f600}\n# {"a": '''}`;

describe("The programs of the compose page", () => {
  it.each(Object.keys(PROGRAMS))("post exactly the activity of the form: %s", async (title) => {
    const rid = `copied-${title}`;
    const object = { subject: HARD, body: `${HARD}?>`, n: 7 };
    const activity = {
      rid,
      platform: "dummy",
      verb: "echo",
      actor: { address: "alice" },
      target: [{ address: "bob" }],
      object,
    };
    const code = snippetsOf(`${gw.url}/gateway`, activity).find((snippet) => snippet.title === title)?.code ?? "";
    const [program = "", ...options] = PROGRAMS[title] ?? [];
    const run = shell([program, ...options, code.replace(/^<\?php\n/, "")], {
      cwd: "/tmp",
      env: { DRAGOMAN_KEY: key },
    });
    expect(await run.ended, run.output()).toBe(0);
    expect(run.output()).toContain(rid);
    const again = await fetch(`${gw.url}/gateway/activities`, {
      method: "POST",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      body: JSON.stringify(activity),
    });
    // The same rid is taken again for exactly the same activity only.
    expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([202, "true"]);
  });
});
