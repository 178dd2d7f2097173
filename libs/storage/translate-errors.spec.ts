import { describe, expect, it } from '@jest/globals';
import { BaykeeperError } from '@baykeeper/domain';
import { translateError, withTranslatedErrors } from './translate-errors.js';

function failWith(code: string, message = 'from the database'): Error {
  return Object.assign(new Error(message), { code });
}

describe('an error of the database', () => {
  it.each([
    ['23505', 'conflict'],
    ['23503', 'conflict'],
    ['22003', 'invalid-input'],
    ['22P02', 'invalid-input'],
    ['57014', 'timeout'],
    ['40P01', 'timeout'],
    ['57P01', 'provider-unavailable'],
    ['08006', 'provider-unavailable'],
    ['53300', 'provider-unavailable'],
    ['ECONNREFUSED', 'provider-unavailable'],
    ['ENOENT', 'provider-unavailable'],
  ])('with the code %s is %s to callers', (code, translated) => {
    expect(translateError(failWith(code))).toMatchObject({ code: translated });
  });

  it('without code is unavailable when the connection was lost', () => {
    expect(translateError(new Error('Connection terminated unexpectedly'))).toMatchObject({
      code: 'provider-unavailable',
    });
  });

  it('that nobody foresaw stays what it is', () => {
    for (const error of [failWith('42P01'), new TypeError('x is undefined'), 'text', undefined]) {
      expect(translateError(error)).toBe(error);
    }
  });

  it('is ours already when it is a BaykeeperError', () => {
    const error = new BaykeeperError({ code: 'not-found', publicMessage: 'No such bay.' });
    expect(translateError(error)).toBe(error);
  });

  it('is told without the values of the query', () => {
    const wrapped = Object.assign(new Error('INSERT …'), {
      driverError: failWith('23505', 'duplicate key'),
      parameters: ['a secret'],
    });
    const error = translateError(wrapped);
    expect(error).toMatchObject({ code: 'conflict', detail: 'duplicate key' });
    expect(error instanceof BaykeeperError && error.cause).not.toHaveProperty('parameters');
  });

  it('is translated for every method of a store', async () => {
    class Store {
      private readonly code = '23505';
      async save(): Promise<void> {
        return Promise.reject(failWith(this.code));
      }
    }
    await expect(withTranslatedErrors(new Store()).save()).rejects.toMatchObject({ code: 'conflict' });
  });
});
