import { useState } from "preact/hooks";
import { goTo, linkWith } from "../route.ts";

/** Search for what was sent to an address: the way from "that mail never came" to its reason. */
export function FindMessage() {
  const [target, setTarget] = useState("");
  return (
    <form
      class="filters"
      onSubmit={(event) => {
        event.preventDefault();
        goTo(linkWith("history", { target: target.trim() }));
      }}
    >
      <label>
        What became of a message to
        <input
          type="search"
          placeholder="address"
          value={target}
          onInput={({ currentTarget }) => setTarget(currentTarget.value)}
        />
      </label>
      <button type="submit">Find</button>
    </form>
  );
}
