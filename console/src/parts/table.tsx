import type { ComponentChildren } from "preact";
import { Scroll } from "./scroll.tsx";

interface TableProps {
  /** Name of the box that the table scrolls in. */
  readonly label: string;
  /** Titles of the columns of text. */
  readonly columns: readonly string[];
  /** Titles of the columns of numbers, which come after the others. */
  readonly numbers?: readonly string[];
  /** Rows of the body. */
  readonly children: ComponentChildren;
}

/** Table with a row of titles, in a box that scrolls by itself. */
export function Table({ label, columns, numbers = [], children }: TableProps) {
  return (
    <Scroll label={label}>
      <table>
        <thead>
          <tr>
            {columns.map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
            {numbers.map((title) => (
              <th key={title} scope="col" class="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </Scroll>
  );
}
