import { useEffect, useState } from "preact/hooks";
import { ask, sentenceOf } from "./api.ts";
import { Wrong } from "./parts/loading.tsx";
import { goTo } from "./route.ts";

/** Page for users who are not signed in. A link from `dragoman console` signs in by itself. */
export function SignIn({ link, onSignedIn }: { readonly link: string | undefined; readonly onSignedIn: () => void }) {
  const [error, setError] = useState<string>();
  useEffect(() => {
    if (link === undefined) return;
    ask("/session", { method: "POST", body: { link } })
      .then(() => {
        goTo("#/");
        onSignedIn();
      })
      .catch((failure: unknown) => setError(sentenceOf(failure)));
  }, [link, onSignedIn]);
  return (
    <main class="sign-in">
      <section>
        <h1>Dragoman console</h1>
        {error !== undefined && <Wrong>{error}</Wrong>}
        {link !== undefined && error === undefined ? (
          <p>Signing in …</p>
        ) : (
          <>
            <p>Sign in with a link. Print one on the machine of the gateway:</p>
            <pre class="command">dragoman console</pre>
            <p class="soft">
              In a checkout: <code>node bin/dragoman.mjs console</code>. The link works once, for ten minutes.
              <br />
              For people who only look: <code>dragoman console --role viewer --name ANN</code>
            </p>
          </>
        )}
      </section>
    </main>
  );
}
