import type { Source } from "./sources.ts";

const REFUSAL = /^\| (\d{3}) \| `([a-z-]+)` \| (.+?) \| (.+) \|$/gm;
const EVENT_ERROR = /^\| `([a-z-]+)` \| (.+) \|$/gm;

/** Makes a document for each code of docs/errors.md: where a problem's `type` leads to. */
export function errorSources({ text }: Source): readonly Source[] {
  const refusals = [...text.matchAll(REFUSAL)].map(
    ([, status = "", code = "", title = "", cure = ""]) => [code, { status, title, cure }] as const,
  );
  const meanings = new Map([...text.matchAll(EVENT_ERROR)].map(([, code = "", meaning = ""]) => [code, meaning]));
  const byCode = new Map(refusals);
  return [...new Set([...byCode.keys(), ...meanings.keys()])].sort().map((code) => {
    const refusal = byCode.get(code);
    const meaning = meanings.get(code);
    const parts = [
      `# ${code}`,
      ...(refusal === undefined ? [] : [refusalText(refusal)]),
      ...(meaning === undefined ? [] : [eventText(meaning)]),
      "All codes: [Errors](../errors.md).",
    ];
    return { path: `docs/errors/${code}.md`, text: `${parts.join("\n\n")}\n` };
  });
}

function refusalText({
  status,
  title,
  cure,
}: {
  readonly status: string;
  readonly title: string;
  readonly cure: string;
}) {
  return `## As the answer to a request

HTTP status **${status}**: ${title}. Nothing was accepted.

**What to do:** ${cure}

The members of the answer are described under [Refusals](../errors.md#refusals).`;
}

function eventText(meaning: string): string {
  return `## As the error of a result or status event

${meaning}

The members are described under [Errors in events](../errors.md#errors-in-events).`;
}
