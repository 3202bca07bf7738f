import type { ComponentChildren } from "preact";
import { isObject, type Json, type JsonObject, usedSchema } from "./schema.ts";
import { SchemaField, type SchemaFieldProps } from "./schema-field.tsx";

/** Fields of an object: the required and the filled ones first, all others behind "More". */
export function ObjectField({ name, pointer, schema, value, isRequired, faults, onChange }: SchemaFieldProps) {
  return (
    <NamedGroup name={name} isRequired={isRequired}>
      <ObjectFields
        pointer={pointer}
        schema={schema}
        value={isObject(value) ? value : {}}
        faults={faults}
        onChange={onChange}
      />
    </NamedGroup>
  );
}

interface NamedGroupProps extends Pick<SchemaFieldProps, "name" | "isRequired"> {
  readonly children: ComponentChildren;
}

/** Group of fields under the name of their property. */
function NamedGroup({ name, isRequired, children }: NamedGroupProps) {
  return (
    <fieldset>
      <legend>
        {name}
        {isRequired && " (required)"}
      </legend>
      {children}
    </fieldset>
  );
}

export interface ObjectFieldsProps extends Pick<SchemaFieldProps, "pointer" | "schema" | "faults"> {
  readonly value: JsonObject;
  readonly onChange: (value: JsonObject) => void;
  /** Names that are shown first although they are not required. */
  readonly first?: readonly string[];
}

/** Usual contents of messages, which most users fill in. */
const USUAL = ["address", "name", "subject", "title", "body", "user", "password", "host", "port"];

/** Fields of an object's properties. */
export function ObjectFields({ pointer, schema, value, faults, onChange, first = USUAL }: ObjectFieldsProps) {
  const { properties = {}, required = [] } = usedSchema(schema);
  const field = ([name, property]: [string, typeof schema]) => (
    <SchemaField
      key={name}
      name={name}
      pointer={`${pointer}/${name}`}
      schema={property}
      value={value[name]}
      isRequired={required.includes(name)}
      faults={faults}
      onChange={(changed) => onChange(withMember(value, name, changed))}
    />
  );
  const isShown = ([name]: [string, unknown]): boolean =>
    required.includes(name) ||
    first.includes(name) ||
    faults.some((fault) => fault.pointer.startsWith(`${pointer}/${name}`));
  const all = Object.entries(properties).filter(([, property]) => property.const === undefined);
  const more = all.filter((entry) => !isShown(entry));
  return (
    <div class="fields">
      {all.filter(isShown).map(field)}
      {more.length > 0 && (
        <details>
          <summary>More: {more.map(([name]) => name).join(", ")}</summary>
          <div class="fields">{more.map(field)}</div>
        </details>
      )}
    </div>
  );
}

/** Items of a list, each with its fields. */
export function ListField({ name, pointer, schema, value, isRequired, faults, onChange }: SchemaFieldProps) {
  const { items = {} } = usedSchema(schema);
  const given = Array.isArray(value) ? (value as readonly Json[]) : value === undefined ? [] : [value];
  const shown: readonly (Json | undefined)[] = given.length === 0 && isRequired ? [undefined] : given;
  const replace = (index: number, item: Json | undefined): void =>
    onChange(shown.map((old, at) => (at === index ? item : old) ?? ""));
  const isObjectList = usedSchema(items).type === "object";
  const empty: Json = isObjectList ? {} : "";
  return (
    <NamedGroup name={name} isRequired={isRequired}>
      {shown.map((item, index) => {
        const shared = { pointer: `${pointer}/${index}`, schema: items, faults: sameFaults(faults, pointer, index) };
        return (
          <div class="fields" key={index}>
            {isObjectList ? (
              <ObjectFields
                {...shared}
                value={isObject(item) ? item : {}}
                onChange={(changed) => replace(index, changed)}
              />
            ) : (
              <SchemaField
                {...shared}
                name={`${name} ${index + 1}`}
                value={item}
                isRequired={false}
                onChange={(changed) => replace(index, changed)}
              />
            )}
          </div>
        );
      })}
      <button
        type="button"
        class="plain small"
        onClick={() => onChange([...shown.map((item) => item ?? empty), empty])}
      >
        Add {name}
      </button>
    </NamedGroup>
  );
}

/** Faults of a single item are also reported at the list itself. */
function sameFaults(faults: SchemaFieldProps["faults"], pointer: string, index: number): SchemaFieldProps["faults"] {
  if (index !== 0) return faults;
  return faults.map((fault) => {
    const rest = fault.pointer.slice(pointer.length);
    const isDirect = fault.pointer.startsWith(`${pointer}/`) && !/^\/\d+(\/|$)/.test(rest);
    return isDirect ? { ...fault, pointer: `${pointer}/0${rest}` } : fault;
  });
}

function withMember(object: JsonObject, name: string, member: Json | undefined): JsonObject {
  const { [name]: _, ...rest } = object;
  return member === undefined ? rest : { ...rest, [name]: member };
}
