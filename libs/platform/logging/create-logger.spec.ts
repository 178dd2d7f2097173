import { describe, expect, it } from '@jest/globals';
import { createLogger } from './create-logger.js';
import { chooseRequestId, withRequestId } from './request-id.js';

function capture() {
  const lines: string[] = [];
  const log = createLogger({ name: 'test', level: 'info', destination: { write: (line) => void lines.push(line) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
}

describe('createLogger', () => {
  it('writes one JSON object a line with the level as a word and the time as ISO 8601', () => {
    const { log, lines, last } = capture();
    log.info({ bay_id: 'b1' }, 'making a bay');
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith('}\n')).toBe(true);
    expect(last()).toMatchObject({ level: 'info', name: 'test', pid: process.pid, bay_id: 'b1', msg: 'making a bay' });
    expect(last()['time']).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('writes nothing below its level', () => {
    const { log, lines } = capture();
    log.debug({}, 'looking closely');
    expect(lines).toHaveLength(0);
  });

  it.each([
    'authorization',
    'Authorization',
    'x-auth-token',
    'X-Auth-Token',
    'x-subject-token',
    'cookie',
    'password',
    'token',
    'session_token',
    'sessionToken',
    'secret',
    'key',
    'private_key',
    'privateKey',
    'masterKey',
    'BAYKEEPER_ADMIN_PASSWORD',
    'csr',
    'credentials',
    'databaseUrl',
  ])('hides the value of %s at any depth', (key) => {
    const { log, lines } = capture();
    log.info({ [key]: 'hush' }, 'at the top');
    log.info({ request: { headers: { [key]: 'hush' } }, list: [{ [key]: ['hush'] }] }, 'deep');
    log.child({ [key]: 'hush' }).info({}, 'in a child');
    expect(lines).toHaveLength(3);
    for (const line of lines) {
      expect(line).not.toContain('hush');
      expect(line).toContain('[hidden]');
    }
  });

  it.each([
    'connecting to postgres://bay:hush@db:5432/bay failed',
    'connecting to redis://:hush@r failed',
    'connecting to postgres://bay:hu@sh@db/bay failed',
    'Authorization: Bearer hushhushhush',
    'docker swarm join --token SWMTKN-1-hush0123-hush4567 10.0.0.1',
    '-----BEGIN EC PRIVATE KEY-----\nhush\n-----END EC PRIVATE KEY-----',
    '-----BEGIN PRIVATE KEY-----\nhush, cut off',
  ])('hides the secret in a text: %s', (text) => {
    const { log, lines } = capture();
    log.error({ err: new Error(text), reason: text }, text);
    expect(lines[0]).not.toMatch(/hush|hu@sh/);
    expect(lines[0]).toContain('[hidden]');
  });

  it('leaves ordinary facts alone', () => {
    const { log, last } = capture();
    log.info({ url: 'https://127.0.0.1:9511/v1', node_key: 'a', keys: 3, password: null, at: 'ada@example.org' }, 'm');
    expect(last()).toMatchObject({
      url: 'https://127.0.0.1:9511/v1',
      node_key: 'a',
      keys: 3,
      password: null,
      at: 'ada@example.org',
    });
  });

  it('shows the type, message, stack and cause of an error', () => {
    const { log, last } = capture();
    log.error({ err: new TypeError('no such bay', { cause: new Error('the row is gone') }) }, 'reading a bay');
    expect(last()['err']).toMatchObject({ type: 'TypeError', message: 'no such bay: the row is gone' });
    expect((last()['err'] as { stack: string }).stack).toContain('the row is gone');
  });

  it('puts the request id on every line of a request, after awaits too', async () => {
    const { log, last } = capture();
    await withRequestId('req-1', async () => {
      await Promise.resolve();
      log.info({}, 'within');
      expect(last()['request_id']).toBe('req-1');
    });
    log.info({}, 'outside');
    expect(last()).not.toHaveProperty('request_id');
  });
});

describe('chooseRequestId', () => {
  it("keeps a caller's id of OpenStack's form and replaces anything else", () => {
    const given = 'req-7a1f3c52-0d0b-4b6e-9f7e-0123456789ab';
    expect(chooseRequestId(given)).toBe(given);
    for (const forged of ['req-1\nlevel=error', '', undefined, ['req-1'], 'REQ-1']) {
      expect(chooseRequestId(forged)).toMatch(/^req-[0-9a-f-]{36}$/);
    }
  });
});
