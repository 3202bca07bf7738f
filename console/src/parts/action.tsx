import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { sentenceOf } from "../api.ts";
import { useIsAdmin } from "../session.ts";
import { Wrong } from "./loading.tsx";

/** State of a user's change. */
export interface Action {
  readonly isBusy: boolean;
  readonly error: unknown;
  readonly run: (change: () => Promise<void>) => Promise<void>;
}

/** Runs changes one at a time and keeps the last failure. */
export function useAction(): Action {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  return {
    isBusy,
    error,
    run: async (change) => {
      setBusy(true);
      setError(undefined);
      try {
        await change();
      } catch (failure) {
        setError(failure);
      } finally {
        setBusy(false);
      }
    },
  };
}

/** Shows an action's failure. */
export function ActionError({ action }: { readonly action: Action }) {
  return action.error === undefined ? null : <Wrong>{sentenceOf(action.error)}</Wrong>;
}

export interface ActionButtonProps {
  readonly action: Action;
  readonly change: () => Promise<void>;
  readonly class?: string;
  /** Question that the user has to confirm. */
  readonly question?: string;
  readonly label?: string;
  readonly children: ComponentChildren;
}

/** Button that changes something. Viewers do not get it. A question asks first. */
export function ActionButton({ action, change, question, label, children, ...props }: ActionButtonProps) {
  const [isAsking, setAsking] = useState(false);
  if (!useIsAdmin()) return null;
  const start = (): void => {
    setAsking(false);
    void action.run(change);
  };
  if (isAsking && question !== undefined)
    return <Question question={question} onYes={start} onNo={() => setAsking(false)} />;
  return (
    <button
      type="button"
      class={props.class ?? "plain small"}
      aria-label={label}
      disabled={action.isBusy}
      onClick={() => (question === undefined ? start() : setAsking(true))}
    >
      {children}
    </button>
  );
}

interface QuestionProps {
  readonly question: string;
  readonly onYes: () => void;
  readonly onNo: () => void;
}

/** Question before a change. The harmless answer gets the focus. */
function Question({ question, onYes, onNo }: QuestionProps) {
  const harmless = useRef<HTMLButtonElement>(null);
  useEffect(() => harmless.current?.focus(), []);
  return (
    <span class="question" role="alertdialog" aria-label={question}>
      <span>{question}</span>
      <button type="button" class="danger small" onClick={onYes}>
        Yes
      </button>
      <button type="button" class="plain small" ref={harmless} onClick={onNo}>
        No
      </button>
    </span>
  );
}
