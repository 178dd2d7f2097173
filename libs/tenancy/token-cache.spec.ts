import { describe, expect, it } from '@jest/globals';
import type { ProjectId, UserId } from '@baykeeper/domain';
import type { Principal } from './principal.js';
import { openTokenCache } from './token-cache.js';

const PRINCIPAL: Principal = {
  userId: '00000000-0000-4000-8000-00000000000b' as UserId,
  userName: 'ada',
  projectId: '00000000-0000-4000-8000-00000000000a' as ProjectId,
  projectName: 'web',
  roles: ['member', 'reader'],
  systemProjectId: null,
  isSystemAdmin: false,
  applicationCredential: null,
  methods: ['password'],
  rootAuditId: null,
  auditId: 'audit',
  issuedAt: new Date('2026-01-01T00:00:00Z'),
  expiresAt: new Date('2026-01-01T12:00:00Z'),
};

function openAt(start: string) {
  let time = new Date(start).getTime();
  let loads = 0;
  const cache = openTokenCache(() => new Date(time));
  return {
    cache,
    wait: (ms: number) => (time += ms),
    loads: () => loads,
    load: () => {
      loads += 1;
      return Promise.resolve<Principal | null>(PRINCIPAL);
    },
  };
}

describe('the memory of tokens', () => {
  it('asks once in five seconds, and then again', async () => {
    const { cache, wait, loads, load } = openAt('2026-01-01T00:00:00Z');
    await cache.get('a', load);
    wait(4_999);
    expect(await cache.get('a', load)).toBe(PRINCIPAL);
    expect(loads()).toBe(1);
    wait(1);
    await cache.get('a', load);
    expect(loads()).toBe(2);
  });

  it('keeps nothing beyond the end of the token', async () => {
    const { cache, wait, loads, load } = openAt('2026-01-01T11:59:59Z');
    await cache.get('a', load);
    wait(1_000);
    await cache.get('a', load);
    expect(loads()).toBe(2);
  });

  it('does not remember that a token is unknown', async () => {
    const { cache, load } = openAt('2026-01-01T00:00:00Z');
    expect(await cache.get('a', () => Promise.resolve(null))).toBeNull();
    expect(await cache.get('a', load)).toBe(PRINCIPAL);
  });

  it('does not remember an answer that was on its way when the token was forgotten', async () => {
    const { cache, loads, load } = openAt('2026-01-01T00:00:00Z');
    let answer: (principal: Principal) => void = () => undefined;
    const slow = cache.get('a', () => new Promise((resolve) => (answer = resolve)));
    cache.forget('a');
    answer(PRINCIPAL);
    expect(await slow).toBe(PRINCIPAL);
    await cache.get('a', load);
    expect(loads()).toBe(1);
  });
});
