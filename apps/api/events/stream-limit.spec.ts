import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { openStreamLimit } from './stream-limit.js';

const OWNER = fc.record({ token: fc.constantFrom('a', 'b', 'c'), projectId: fc.constantFrom('p', 'q') });

test('as many streams are open as the limits say, whoever opens and ends them, and never more', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(OWNER, fc.nat(20))), (steps) => {
      const take = openStreamLimit({ perToken: 2, perProject: 3 });
      const open: { readonly token: string; readonly projectId: string; readonly end: () => void }[] = [];
      const count = (key: 'token' | 'projectId', value: string): number =>
        open.filter((stream) => stream[key] === value).length;
      for (const step of steps) {
        if (typeof step === 'number') {
          const [ended] = open.splice(step, 1);
          ended?.end();
          // Twice is once.
          ended?.end();
          continue;
        }
        const hasRoom = count('token', step.token) < 2 && count('projectId', step.projectId) < 3;
        if (hasRoom) open.push({ ...step, end: take(step) });
        else expect(() => take(step)).toThrow(expect.objectContaining({ code: 'too-many-requests' }));
      }
    }),
  );
});

test('0 is no limit', () => {
  const take = openStreamLimit({ perToken: 0, perProject: 0 });
  for (let index = 0; index < 1_000; index += 1) take({ token: 'a', projectId: 'p' });
});
