/** What is asked of the database, to compare the work behind two answers. */
import pg from 'pg';

export interface StatementLog {
  /** The statements since the last call, in order, without their values. */
  take(): readonly string[];
  stop(): void;
}

/** @param ignore statements that depend on the time, such as the look-up of a token that is kept for some seconds */
export function logStatements(ignore: RegExp): StatementLog {
  // The driver's own method with its many forms, called on as it came.
  type Query = (this: pg.Client, ...given: unknown[]) => unknown;
  const prototype = pg.Client.prototype as unknown as { query: Query };
  const { query } = prototype;
  let statements: string[] = [];
  prototype.query = function logged(...given) {
    const text = textOf(given[0]);
    if (!ignore.test(text)) statements.push(text);
    return query.apply(this, given);
  };
  return {
    take() {
      const taken = statements;
      statements = [];
      return taken;
    },
    stop() {
      prototype.query = query;
    },
  };
}

function textOf(query: unknown): string {
  if (typeof query === 'string') return query;
  const { text } = (query ?? {}) as { readonly text?: unknown };
  return typeof text === 'string' ? text : '';
}
