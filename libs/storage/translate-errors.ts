import { types } from 'node:util';
import { BaykeeperError } from '@baykeeper/domain';

/**
 * What PostgreSQL says in codes (SQLSTATE, appendix A of its manual) becomes an error of ours, in one table. A code that
 * is not here is a bug of ours, and stays what it is.
 */
const TRANSLATIONS: readonly { readonly codes: RegExp; readonly make: (cause: unknown) => BaykeeperError }[] = [
  {
    codes: /^23505$/,
    make: (cause) =>
      new BaykeeperError({
        code: 'conflict',
        publicMessage: 'Something with the same id or name exists already. Choose another one.',
        detail: detailOf(cause),
        cause,
      }),
  },
  {
    codes: /^23503$/,
    make: (cause) =>
      new BaykeeperError({
        code: 'conflict',
        publicMessage: 'Something else refers to this, or what this refers to is gone.',
        detail: detailOf(cause),
        cause,
      }),
  },
  {
    // Out of range, not a number, a character that can't be stored: what a tenant may send and nothing else refused.
    codes: /^(22003|22P02|22021|22P05)$/,
    make: (cause) =>
      new BaykeeperError({
        code: 'invalid-input',
        publicMessage: 'A value is out of range or holds a character that can not be stored.',
        detail: detailOf(cause),
        cause,
      }),
  },
  {
    codes: /^(57014|55P03|40P01|40001|25P03)$/,
    make: (cause) =>
      new BaykeeperError({
        code: 'timeout',
        publicMessage: 'The database is busy. Try again.',
        detail: detailOf(cause),
        cause,
      }),
  },
  {
    codes:
      /^(08...|57P0[1-4]|53...|3D000|28...|ECONN[A-Z]*|ENOENT|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|EACCES)$/,
    make: (cause) =>
      new BaykeeperError({
        code: 'provider-unavailable',
        publicMessage: 'The database can not be reached. Try again later.',
        detail: detailOf(cause),
        cause,
      }),
  },
];

/** The client library gives these no code: its connection broke, or the pool had none in time. */
const LOST_CONNECTION = /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered)/;

/** The error that callers see; one that is not the database's is returned as it is. */
export function translateError(error: unknown): unknown {
  if (error instanceof BaykeeperError || !types.isNativeError(error)) return error;
  const origin = originOf(error);
  const code = 'code' in origin && typeof origin.code === 'string' ? origin.code : lostConnectionCodeOf(origin);
  return TRANSLATIONS.find(({ codes }) => codes.test(code))?.make(origin) ?? error;
}

function lostConnectionCodeOf(error: Error): string {
  return LOST_CONNECTION.test(error.message) ? '08006' : '';
}

/** The mapper wraps the driver's error. The wrapper holds the values of the query and must not get into a log. */
function originOf(error: Error): Error {
  return 'driverError' in error && types.isNativeError(error.driverError) ? error.driverError : error;
}

function detailOf(cause: unknown): string {
  return types.isNativeError(cause) ? cause.message : String(cause);
}

/** The same store, whose methods fail with translated errors only. */
export function withTranslatedErrors<T extends object>(store: T): T {
  return new Proxy(store, {
    get(target, key, receiver): unknown {
      const member: unknown = Reflect.get(target, key, receiver);
      if (typeof member !== 'function') return member;
      return async (...parameters: unknown[]): Promise<unknown> => {
        try {
          return await (Reflect.apply(member, target, parameters) as Promise<unknown>);
        } catch (error) {
          throw translateError(error);
        }
      };
    },
  });
}
