import { afterEach, expect } from "vitest";
import { eventIssues, objectIssues } from "../../src/platform/vocabulary/check.ts";
import { platforms } from "../../src/platforms/index.ts";

/** Issues found since the last test ended, each with the platform and verb. */
const found: string[] = [];
/** All platforms but the dummy, whose results repeat the faults that a test asked for. */
const shipped = platforms({}).filter(({ id }) => id !== "dummy");

afterEach(() => {
  expect(found.splice(0), "events and results use the vocabulary").toEqual([]);
});

interface SeenEvent {
  readonly platform: string;
  readonly verb: string;
  readonly object?: Readonly<Record<string, unknown>>;
}

/** Holds an inbound event to the vocabulary and to what its platform declares. The running test fails on issues. */
export function watchEvent(event: SeenEvent & { readonly context?: unknown }): void {
  const platform = shipped.find(({ id }) => id === event.platform);
  if (!platform) return;
  const { object = {} } = event;
  const declared: readonly string[] | undefined = platform.inbound?.[event.verb];
  const allowed = [...(declared ?? []), ...namespacesOf(event.platform)];
  const undeclared = Object.keys(object).filter((name) => !allowed.includes(name));
  report(event, [
    ...eventIssues(namespacesOf(event.platform), { ...event, object }),
    ...(declared === undefined ? ["the platform does not declare that the verb arrives"] : []),
    ...undeclared.map((name) => `object.${name} is not declared`),
  ]);
}

/** Holds the object of a verb's result to the vocabulary. The running test fails on issues. */
export function watchResult({ platform, verb, object = {} }: SeenEvent): void {
  if (shipped.some(({ id }) => id === platform))
    report({ platform, verb }, objectIssues(namespacesOf(platform), object));
}

function report({ platform, verb }: SeenEvent, issues: readonly string[]): void {
  found.push(...issues.map((issue) => `${platform} ${verb}: ${issue}`));
}

function namespacesOf(id: string): readonly string[] {
  return [id, ...(shipped.find((platform) => platform.id === id)?.aliases ?? [])];
}
