/** Small things that several pages show. */
import type { ReactNode } from 'react';
import type { Usage } from '../api/types.js';
import { isBusy, isFailed, resourceWord, statusWord } from './words.js';

export function Status({ status, health }: { readonly status: string; readonly health?: string | null }) {
  const tone = isFailed(status) ? 'bad' : isBusy(status) ? 'busy' : health === 'UNHEALTHY' ? 'warn' : 'good';
  const word = tone === 'warn' ? `${statusWord(status)}, unhealthy` : statusWord(status);
  return <span className={`status ${tone}`}>{word}</span>;
}

/** A bar with what it says beside it, for eyes and for readers of the screen alike. */
export function Bar({
  label,
  value,
  most,
  tone = 'good',
}: {
  readonly label: string;
  readonly value: number;
  readonly most: number;
  readonly tone?: 'good' | 'busy' | 'bad';
}) {
  return (
    <div className={`bar ${tone}`}>
      <progress aria-label={label} value={Math.min(value, most)} max={Math.max(most, 1)} />
      <span aria-hidden="true">{label}</span>
    </div>
  );
}

export function QuotaBars({
  usage,
  added = {},
}: {
  readonly usage: readonly Usage[];
  readonly added?: Partial<Record<string, number>>;
}) {
  return (
    <ul className="quota">
      {usage.map(({ resource, hard_limit: limit, in_use: used }) => {
        const after = used + (added[resource] ?? 0);
        const extra = after === used ? '' : `, ${String(after)} afterwards`;
        return (
          <li key={resource}>
            <Bar
              label={`${resourceWord(resource)}: ${String(used)} of ${String(limit)} used${extra}`}
              value={after}
              most={limit}
              tone={after > limit ? 'bad' : after >= limit * 0.9 ? 'busy' : 'good'}
            />
          </li>
        );
      })}
    </ul>
  );
}

/** Says why it is off where others only look grey. */
export function Action({
  children,
  off,
  onClick,
  kind = '',
}: {
  readonly children: ReactNode;
  readonly off: string | null;
  readonly onClick: () => void;
  readonly kind?: string;
}) {
  return (
    <span className="action">
      <button
        className={kind}
        aria-disabled={off !== null}
        title={off ?? undefined}
        onClick={() => {
          if (off === null) onClick();
        }}
      >
        {children}
      </button>
      {off !== null && <span className="why">{off}</span>}
    </span>
  );
}

export function Stepper({
  label,
  value,
  lowest,
  highest,
  onChange,
}: {
  readonly label: string;
  readonly value: number;
  readonly lowest: number;
  readonly highest: number;
  readonly onChange: (value: number) => void;
}) {
  const set = (next: number): void => {
    if (Number.isFinite(next)) onChange(Math.max(lowest, Math.min(highest, Math.trunc(next))));
  };
  return (
    <div className="stepper" role="group" aria-label={label}>
      <button
        type="button"
        aria-label={`Fewer: ${label}`}
        disabled={value <= lowest}
        onClick={() => {
          set(value - 1);
        }}
      >
        −
      </button>
      <input
        aria-label={label}
        inputMode="numeric"
        value={String(value)}
        onChange={(event) => {
          set(Number(event.target.value.replaceAll(/\D/g, '') || lowest));
        }}
      />
      <button
        type="button"
        aria-label={`More: ${label}`}
        disabled={value >= highest}
        onClick={() => {
          set(value + 1);
        }}
      >
        +
      </button>
    </div>
  );
}

export function CopyLine({ text, label }: { readonly text: string; readonly label: string }) {
  return (
    <div className="copy">
      <code>{text}</code>
      <button
        type="button"
        aria-label={`Copy: ${label}`}
        onClick={() => {
          void navigator.clipboard.writeText(text);
        }}
      >
        Copy
      </button>
    </div>
  );
}
