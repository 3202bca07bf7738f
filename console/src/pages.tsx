import type { ComponentType } from "preact";
import { Live } from "./pages/live.tsx";
import { Overview } from "./pages/overview.tsx";
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
];
