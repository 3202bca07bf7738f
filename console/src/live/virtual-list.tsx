import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

export interface VirtualListProps<Item> {
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string;
  readonly row: (item: Item) => ComponentChildren;
  readonly label: string;
  /** Height of a row in CSS pixels; the style sheet has the same. */
  readonly rowHeight: number;
}

/** Rows drawn beyond the visible ones. */
const BEYOND = 8;

/** List of any length that draws only the rows in sight. */
export function VirtualList<Item>({ items, keyOf, row, label, rowHeight }: VirtualListProps<Item>) {
  const box = useRef<HTMLElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(top / rowHeight) - BEYOND);
  const last = Math.min(items.length, Math.ceil((top + height) / rowHeight) + BEYOND);
  const style = (element: HTMLElement | null, property: string, value: string): void => {
    // The policy forbids inline style attributes; the object model is allowed.
    element?.style.setProperty(property, value);
  };
  return (
    <section
      class="virtual"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls has to be reachable by keyboard.
      tabIndex={0}
      aria-label={label}
      onScroll={({ currentTarget }) => setTop(currentTarget.scrollTop)}
    >
      <ol
        ref={(list) => {
          style(list, "height", `${items.length * rowHeight}px`);
          style(list, "padding-top", `${first * rowHeight}px`);
        }}
      >
        {items.slice(first, last).map((item, index) => (
          <li key={keyOf(item)} aria-setsize={items.length} aria-posinset={first + index + 1}>
            {row(item)}
          </li>
        ))}
      </ol>
    </section>
  );
}
