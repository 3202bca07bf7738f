import { createContext } from "preact";
import { useContext } from "preact/hooks";

/** Signed-in user, and facts about the installation. */
export interface Session {
  readonly name: string;
  readonly role: "admin" | "viewer";
  /** Unix seconds. */
  readonly expires: number;
  readonly version: string;
}

/** App as the console lists it. */
export interface App {
  readonly id: string;
  readonly name: string;
  readonly created: string;
  readonly keys: ReadonlyArray<{ readonly id: string; readonly scopes: readonly string[]; readonly created: string }>;
}

/** State that all pages share. */
export interface Shared {
  readonly session: Session;
  readonly apps: readonly App[];
  /** The chosen app. */
  readonly app: App;
  readonly reloadApps: () => void;
  readonly chooseApp: (id: string) => void;
}

/** Context of the shared state. */
export const SharedState = createContext<Shared | undefined>(undefined);

/** Returns the shared state. Throws outside of the shell. */
export function useShared(): Shared {
  const shared = useContext(SharedState);
  if (shared === undefined) throw new Error("A page was rendered outside of the shell.");
  return shared;
}

/** Returns whether the user may change things. */
export function useIsAdmin(): boolean {
  return useShared().session.role === "admin";
}
