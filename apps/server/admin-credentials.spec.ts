import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ensureAdminCredentials, parseOpenrcPassword, renderOpenrc } from './admin-credentials.js';

const run = promisify(execFile);
let dataDirectory: string;

beforeEach(async () => {
  dataDirectory = await mkdtemp(path.join(tmpdir(), 'bk-admin-'));
});
afterEach(async () => {
  await rm(dataDirectory, { recursive: true, force: true });
});

describe('ensureAdminCredentials', () => {
  const facts = (more: { givenPassword?: string; publicUrl?: string } = {}) => ({
    dataDirectory,
    publicUrl: 'http://127.0.0.1:9511',
    givenPassword: null,
    ...more,
  });

  it('generates a password once and keeps it in a file that only its owner can read', async () => {
    const first = await ensureAdminCredentials(facts());
    expect(first.generated).toBe(true);
    expect(first.password).toMatch(/^[\w-]{24}$/);
    expect(first.file).toBe(path.join(dataDirectory, 'admin-openrc'));
    expect((await stat(first.file)).mode & 0o777).toBe(0o600);
    const second = await ensureAdminCredentials(facts());
    expect(second).toEqual({ ...first, generated: false });
  });

  it('keeps the password when the public URL changes', async () => {
    const { password, file } = await ensureAdminCredentials(facts());
    await ensureAdminCredentials(facts({ publicUrl: 'https://bays.example' }));
    const text = await readFile(file, 'utf8');
    expect(text).toContain("export OS_AUTH_URL='https://bays.example/identity/v3'\n");
    expect(parseOpenrcPassword(text)).toBe(password);
  });

  it('writes down the password that was given', async () => {
    await ensureAdminCredentials(facts());
    const given = await ensureAdminCredentials(facts({ givenPassword: 'correct horse' }));
    expect(given).toMatchObject({ password: 'correct horse', generated: false });
    expect(parseOpenrcPassword(await readFile(given.file, 'utf8'))).toBe('correct horse');
  });
});

describe('renderOpenrc', () => {
  it.each(['plain', `it's "quoted" $HOME \`id\` \\ !x`, "''", 'ü €'])(
    'survives a shell and its own reader: %s',
    async (password) => {
      const text = renderOpenrc({ publicUrl: 'http://h', password });
      expect(parseOpenrcPassword(text)).toBe(password);
      const { stdout } = await run('sh', ['-c', `${text}\nprintf %s "$OS_PASSWORD"`]);
      expect(stdout).toBe(password);
    },
  );

  it('holds what OpenStack clients ask for', () => {
    expect(renderOpenrc({ publicUrl: 'http://127.0.0.1:9511', password: 'p' })).toBe(
      `# Baykeeper's administrator. Use: . admin-openrc
export OS_AUTH_URL='http://127.0.0.1:9511/identity/v3'
export OS_IDENTITY_API_VERSION='3'
export OS_PROJECT_NAME='admin'
export OS_PROJECT_DOMAIN_NAME='Default'
export OS_USERNAME='admin'
export OS_USER_DOMAIN_NAME='Default'
export OS_PASSWORD='p'
export OS_REGION_NAME='RegionOne'
export OS_INTERFACE='public'
`,
    );
  });
});
