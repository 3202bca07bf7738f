import type { ComponentChildren } from "preact";
import { type Action, ActionError } from "./action.tsx";

interface ActionFormProps {
  readonly action: Action;
  /** Change that sending the form makes. */
  readonly change: () => Promise<void>;
  /** Text of the button that sends the form. */
  readonly submit: string;
  /** Shown beside the button. */
  readonly beside?: ComponentChildren;
  /** Fields of the form. */
  readonly children: ComponentChildren;
}

/** Form that makes a change, with its button and its failure. */
export function ActionForm({ action, change, submit, beside, children }: ActionFormProps) {
  return (
    <form
      class="fields"
      onSubmit={(event) => {
        event.preventDefault();
        void action.run(change);
      }}
    >
      {children}
      <ActionError action={action} />
      <p class="row">
        <button type="submit" disabled={action.isBusy}>
          {submit}
        </button>
        {beside}
      </p>
    </form>
  );
}
