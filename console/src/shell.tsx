import { useEffect, useRef, useState } from "preact/hooks";
import { PAGES } from "./pages.tsx";
import { linkTo, type Route } from "./route.ts";
import { type App, type Session, SharedState } from "./session.ts";

export interface ShellProps {
  readonly session: Session;
  readonly apps: readonly App[];
  readonly route: Route;
  readonly reloadApps: () => void;
  readonly onSignOut: () => void;
}

const STORED_APP = "dragoman.console.app";
const NO_APP: App = { id: "-", name: "no app", created: "", keys: [] };

/** Frame of all pages: the choice of the app, the menu and the user. */
export function Shell({ session, apps, route, reloadApps, onSignOut }: ShellProps) {
  const [chosen, setChosen] = useState(() => localStorage.getItem(STORED_APP));
  const app = apps.find(({ id }) => id === chosen) ?? apps[0] ?? NO_APP;
  const chooseApp = (id: string): void => {
    localStorage.setItem(STORED_APP, id);
    setChosen(id);
  };
  const page = PAGES.find(({ id }) => id === route.page) ?? PAGES[0];
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const place = [route.page, ...route.rest].join("/");
  // A new place moves the focus to its heading.
  useEffect(() => {
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [place]);
  useEffect(() => {
    document.title = `${page?.title ?? ""} · Dragoman console`;
  }, [page]);
  if (page === undefined) return null;
  const { Page } = page;
  return (
    <SharedState.Provider value={{ session, apps, app, reloadApps, chooseApp }}>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <header class="top">
        <strong class="brand">Dragoman</strong>
        <label class="choice">
          App
          <select value={app.id} onChange={({ currentTarget }) => chooseApp(currentTarget.value)}>
            {apps.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <span class="user">
          {session.name} <span class="soft">({session.role})</span>
          <button type="button" class="plain small" onClick={onSignOut}>
            Sign out
          </button>
        </span>
      </header>
      <div class="frame">
        <nav aria-label="Pages">
          <ul>
            {PAGES.map(({ id, title }) => (
              <li key={id}>
                <a href={linkTo(id)} aria-current={id === page.id ? "page" : undefined}>
                  {title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <main id="main" tabIndex={-1} ref={main}>
          <Page key={`${app.id} ${place}`} route={route} />
        </main>
      </div>
      <footer class="soft">Dragoman {session.version}</footer>
    </SharedState.Provider>
  );
}
