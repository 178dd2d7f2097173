/** Column types that many entities use. Spelled out, because nothing may depend on types reflected by a compiler. */
export const TEXT = { type: 'text' } as const;
export const TEXT_OR_NULL = { type: 'text', nullable: true } as const;
export const TEXTS = { type: 'text', array: true } as const;
export const UUID = { type: 'uuid' } as const;
export const UUID_OR_NULL = { type: 'uuid', nullable: true } as const;
export const INTEGER = { type: 'integer' } as const;
export const INTEGER_OR_NULL = { type: 'integer', nullable: true } as const;
export const BOOLEAN = { type: 'boolean' } as const;
export const JSON_DOCUMENT = { type: 'jsonb' } as const;
export const JSON_DOCUMENT_OR_NULL = { type: 'jsonb', nullable: true } as const;
/** Milliseconds, as `Date` has them: so a time that was read equals the time that is stored. */
export const TIME = { type: 'timestamp with time zone', precision: 3 } as const;
export const TIME_OR_NULL = { ...TIME, nullable: true } as const;
export const CREATION_TIME = { ...TIME, default: () => 'now()' } as const;
const fromBigint = {
  from: (value: string | null) => (value === null ? null : Number(value)),
  to: (value: unknown) => value,
};
/** The order of insertion, for lists and ties. Read only where it is asked for; far below 2^53. */
export const SEQUENCE = { type: 'bigint', transformer: fromBigint } as const;
export const HIDDEN_SEQUENCE = { ...SEQUENCE, select: false } as const;
/** The row of the catalogue that a text beside it meant. Never read with the rest: it keeps the row from being deleted. */
export const REFERENCE = { ...UUID_OR_NULL, select: false } as const;
