import type { ReactNode, SubmitEvent } from 'react';
import type { Deed } from '../api/use-deed.js';
import { Action } from './pieces.js';

/** A form that says why it was refused, and why its button is off. */
export function Sheet({
  title,
  action,
  off,
  deed,
  onSubmit,
  children,
}: {
  readonly title: string;
  readonly action: string;
  readonly off: string | null;
  readonly deed: Deed;
  /** @param text a field's value by its name, without spaces around it */
  readonly onSubmit: (text: (name: string) => string, form: HTMLFormElement) => void;
  readonly children: ReactNode;
}) {
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (off !== null || deed.isUnderWay) return;
    const form = event.currentTarget;
    const values = new FormData(form);
    onSubmit((name) => {
      const value = values.get(name);
      return typeof value === 'string' ? value.trim() : '';
    }, form);
  };
  return (
    <form className="sheet" onSubmit={submit} aria-label={title}>
      <h2>{title}</h2>
      <div className="fields">{children}</div>
      <Refusal text={deed.refusal} />
      <p>
        <Action kind="primary" off={off} onClick={() => undefined}>
          {deed.isUnderWay ? 'One moment …' : action}
        </Action>
      </p>
    </form>
  );
}

export function Refusal({ text }: { readonly text: string | null }) {
  if (text === null) return null;
  return (
    <p className="refusal" role="alert">
      {text}
    </p>
  );
}

export function TextField({
  name,
  label,
  hint,
  type = 'text',
  required = false,
  most = 255,
}: {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly type?: 'text' | 'password' | 'number';
  readonly required?: boolean;
  readonly most?: number;
}) {
  return (
    <label>
      {label} {hint !== undefined && <span className="hint">({hint})</span>}
      <input
        {...{ name, type, required }}
        {...(type === 'number' ? { min: 0, max: most } : { maxLength: most })}
        autoComplete={type === 'password' ? 'new-password' : 'off'}
      />
    </label>
  );
}

export function ChoiceField({
  name,
  label,
  choices,
}: {
  readonly name: string;
  readonly label: string;
  readonly choices: readonly (readonly [value: string, title: string])[];
}) {
  return (
    <label>
      {label}
      <select name={name}>
        {choices.map(([value, title]) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A table that can be moved by keyboard where it is wider than the page. */
export function Table({
  title,
  heads,
  children,
}: {
  readonly title: string;
  /** An empty one is of a column of buttons. */
  readonly heads: readonly string[];
  readonly children: ReactNode;
}) {
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={title}>
      <table>
        <caption className="unseen">{title}</caption>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head === '' ? <span className="unseen">Actions</span> : head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
