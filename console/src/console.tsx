import { useCallback, useEffect, useState } from "preact/hooks";
import { ApiError, ask, SIGNED_OUT, sentenceOf } from "./api.ts";
import { useRoute } from "./route.ts";
import type { App, Session } from "./session.ts";
import { Shell } from "./shell.tsx";
import { SignIn } from "./sign-in.tsx";

type State =
  | { readonly kind: "loading" }
  | { readonly kind: "signed-out" }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "signed-in"; readonly session: Session; readonly apps: readonly App[] };

/** The whole console: sign-in, or the shell with a page. */
export function Console() {
  const route = useRoute();
  const [state, setState] = useState<State>({ kind: "loading" });
  const load = useCallback(async () => {
    try {
      const [session, { apps }] = await Promise.all([
        ask<Session>("/session"),
        ask<{ readonly apps: readonly App[] }>("/apps"),
      ]);
      setState({ kind: "signed-in", session, apps });
    } catch (error) {
      const isSignedOut = error instanceof ApiError && error.status === 401;
      setState(isSignedOut ? { kind: "signed-out" } : { kind: "failed", error: sentenceOf(error) });
    }
  }, []);
  useEffect(() => {
    const leave = (): void => setState({ kind: "signed-out" });
    addEventListener(SIGNED_OUT, leave);
    return () => removeEventListener(SIGNED_OUT, leave);
  }, []);
  const link = route.page === "sign-in" ? route.rest[0] : undefined;
  useEffect(() => {
    if (link === undefined) void load();
  }, [link, load]);

  if (link !== undefined || state.kind === "signed-out") return <SignIn link={link} onSignedIn={load} />;
  if (state.kind === "loading") return <p class="sign-in">Loading …</p>;
  if (state.kind === "failed")
    return (
      <main class="sign-in">
        <h1>Dragoman console</h1>
        <p role="alert">{state.error}</p>
        <button type="button" onClick={load}>
          Try again
        </button>
      </main>
    );
  const signOut = async (): Promise<void> => {
    await ask("/session", { method: "DELETE" }).catch(() => undefined);
    setState({ kind: "signed-out" });
  };
  return <Shell session={state.session} apps={state.apps} route={route} reloadApps={load} onSignOut={signOut} />;
}
