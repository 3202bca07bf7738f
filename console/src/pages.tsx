import type { ComponentType } from "preact";
import { Accounts } from "./pages/accounts.tsx";
import { Apps } from "./pages/apps.tsx";
import { Audit } from "./pages/audit.tsx";
import { Compose } from "./pages/compose.tsx";
import { DeadLetters } from "./pages/dead-letters.tsx";
import { History } from "./pages/history.tsx";
import { Hooks } from "./pages/hooks.tsx";
import { Live } from "./pages/live.tsx";
import { Overview } from "./pages/overview.tsx";
import { Queues } from "./pages/queues.tsx";
import type { Route } from "./route.ts";

/** Page of the console: its address, its title in the menu, and its content. */
export interface PageEntry {
  readonly id: string;
  readonly title: string;
  readonly Page: ComponentType<{ readonly route: Route }>;
}

/** Every page, in the order of the menu. The first is shown without an address. */
export const PAGES: readonly PageEntry[] = [
  { id: "overview", title: "Overview", Page: Overview },
  { id: "live", title: "Live", Page: Live },
  { id: "history", title: "History", Page: History },
  { id: "compose", title: "Compose", Page: Compose },
  { id: "accounts", title: "Accounts", Page: Accounts },
  { id: "dead-letters", title: "Dead letters", Page: DeadLetters },
  { id: "hooks", title: "Hooks", Page: Hooks },
  { id: "queues", title: "Queues", Page: Queues },
  { id: "apps", title: "Apps and keys", Page: Apps },
  { id: "audit", title: "Audit log", Page: Audit },
];
