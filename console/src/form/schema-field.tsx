import { useId } from "preact/hooks";
import type { Schema } from "../parts/platforms.ts";
import { ListField, ObjectField } from "./compound-fields.tsx";
import { choicesOf, fieldKind, isObject, type Json } from "./schema.ts";

/** Fault of a field, by its JSON pointer. */
export interface FieldFault {
  readonly pointer: string;
  readonly detail: string;
}

export interface SchemaFieldProps {
  readonly name: string;
  /** JSON pointer of the value. */
  readonly pointer: string;
  readonly schema: Schema;
  readonly value: Json | undefined;
  readonly isRequired: boolean;
  readonly faults: readonly FieldFault[];
  readonly onChange: (value: Json | undefined) => void;
}

/** Form field made of a JSON Schema. */
export function SchemaField(props: SchemaFieldProps) {
  const kind = fieldKind(props.name, props.schema);
  if (kind === "fixed") return null;
  if (kind === "object") return <ObjectField {...props} />;
  if (kind === "list") return <ListField {...props} />;
  return <PlainField {...props} />;
}

function PlainField({ name, pointer, schema, value, isRequired, faults, onChange }: SchemaFieldProps) {
  const id = useId();
  const kind = fieldKind(name, schema);
  const fault = faults.find((candidate) => candidate.pointer === pointer);
  const shared = {
    id,
    // The gateway checks: a field may be required within an object that is not.
    "aria-required": isRequired,
    "aria-invalid": fault !== undefined,
    "aria-describedby": `${id}-hint`,
    autocomplete: "off",
  };
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  const input = (): preact.JSX.Element => {
    if (kind === "choice")
      return (
        <select {...shared} value={text} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
          <option value="" />
          {choicesOf(schema)?.map((choice) => (
            <option key={choice} value={choice}>
              {choice}
            </option>
          ))}
        </select>
      );
    if (kind === "flag")
      return (
        <input
          {...shared}
          type="checkbox"
          checked={value === true}
          onChange={({ currentTarget }) => onChange(currentTarget.checked ? true : undefined)}
        />
      );
    if (kind === "long-text")
      return <textarea {...shared} value={text} onInput={({ currentTarget }) => onChange(currentTarget.value)} />;
    if (kind === "json") return <JsonInput shared={shared} value={value} onChange={onChange} />;
    if (kind === "number")
      return (
        <input
          {...shared}
          type="number"
          value={text}
          onInput={({ currentTarget }) =>
            onChange(currentTarget.value === "" ? undefined : Number(currentTarget.value))
          }
        />
      );
    const change = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }): void =>
      onChange(currentTarget.value);
    if (kind === "secret") return <input {...shared} type="password" value={text} onInput={change} />;
    return <input {...shared} type="text" spellcheck={false} value={text} onInput={change} />;
  };
  return (
    <div class="field">
      <label for={id}>
        {name}
        {isRequired && " (required)"}
      </label>
      {input()}
      <span class="hint" id={`${id}-hint`}>
        {fault === undefined ? schema.description : <span class="wrong">{fault.detail}</span>}
      </span>
    </div>
  );
}

interface JsonInputProps {
  readonly shared: Readonly<Record<string, unknown>>;
  readonly value: Json | undefined;
  readonly onChange: (value: Json | undefined) => void;
}

/** Field for a value that has no form: JSON, or plain text. */
function JsonInput({ shared, value, onChange }: JsonInputProps) {
  const change = (text: string): void => {
    try {
      onChange(JSON.parse(text) as Json);
    } catch {
      onChange(text);
    }
  };
  const text = typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value, null, 2);
  return (
    <textarea
      {...shared}
      class="code"
      placeholder={isObject(value) ? "" : "JSON"}
      onChange={({ currentTarget }) => change(currentTarget.value)}
    >
      {text}
    </textarea>
  );
}
