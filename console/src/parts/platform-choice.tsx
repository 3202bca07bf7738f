import type { Platform } from "./platforms.ts";

interface PlatformChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly platforms: readonly Platform[];
  readonly onChoose: (id: string) => void;
}

/** Selection of a platform by its title. */
export function PlatformChoice({ label, value, platforms, onChoose }: PlatformChoiceProps) {
  return (
    <label>
      {label}
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        {platforms.map(({ id, title }) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}
