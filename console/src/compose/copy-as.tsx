import { useState } from "preact/hooks";
import type { Snippet } from "./snippets.ts";

/** Programs that do what the form does, with a button that copies. */
export function CopyAs({ snippets }: { readonly snippets: readonly Snippet[] }) {
  const [title, setTitle] = useState("curl");
  const [copied, setCopied] = useState(false);
  const code = snippets.find((snippet) => snippet.title === title)?.code ?? "";
  const choose = (chosen: string): void => {
    setTitle(chosen);
    setCopied(false);
  };
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(code);
    setCopied(true);
  };
  return (
    <section>
      <h2>The same as a program</h2>
      <p class="row">
        {snippets.map((snippet) => (
          <button
            key={snippet.title}
            type="button"
            class="plain small"
            aria-pressed={snippet.title === title}
            onClick={() => choose(snippet.title)}
          >
            {snippet.title}
          </button>
        ))}
        <button type="button" class="plain small" onClick={() => void copy().catch(() => setCopied(false))}>
          Copy
        </button>
        <output>{copied ? "Copied" : ""}</output>
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reachable by keyboard. */}
      <section class="json" tabIndex={0} aria-label={`Program: ${title}`}>
        <pre>{code}</pre>
      </section>
      <p class="soft">
        The program takes the app’s API key from the environment variable <code>DRAGOMAN_KEY</code>.
      </p>
    </section>
  );
}
