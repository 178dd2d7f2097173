/** The first administrator's password, and the `admin-openrc` file that makes every OpenStack client work. */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';

export interface AdminCredentials {
  readonly password: string;
  /** Made just now: to be shown once. */
  readonly generated: boolean;
  readonly file: string;
}

export function adminFileOf(dataDirectory: string): string {
  return path.join(dataDirectory, 'admin-openrc');
}

/**
 * The password that was given, else the one on file, else a new one of 144 random bits. The file is complete and on disk
 * (mode 0600) when it resolves, before anybody can have seen or used the password, and follows the public URL.
 */
export async function ensureAdminCredentials(facts: {
  readonly dataDirectory: string;
  readonly publicUrl: string;
  readonly givenPassword: string | null;
}): Promise<AdminCredentials> {
  const file = adminFileOf(facts.dataDirectory);
  const existing = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as { code?: unknown }).code === 'ENOENT') return '';
    throw error;
  });
  const known = facts.givenPassword ?? parseOpenrcPassword(existing);
  const password = known ?? randomBytes(18).toString('base64url');
  const text = renderOpenrc({ publicUrl: facts.publicUrl, password });
  if (text !== existing) await writeWhole(file, text);
  return { password, generated: known === null, file };
}

/** What `openrc` files hold since Keystone v3 (python-openstackclient's environment variables). */
export function renderOpenrc({ publicUrl, password }: { publicUrl: string; password: string }): string {
  const variables = {
    OS_AUTH_URL: `${publicUrl}/identity/v3`,
    OS_IDENTITY_API_VERSION: '3',
    OS_PROJECT_NAME: 'admin',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    OS_USERNAME: 'admin',
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PASSWORD: password,
    OS_REGION_NAME: 'RegionOne',
    OS_INTERFACE: 'public',
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}`);
  return `# Baykeeper's administrator. Use: . admin-openrc\n${lines.join('\n')}\n`;
}

export function parseOpenrcPassword(text: string): string | null {
  const quoted = /^export OS_PASSWORD='((?:[^']|'\\'')*)'$/m.exec(text)?.[1];
  return quoted?.replaceAll(`'\\''`, `'`) ?? null;
}

/** For any POSIX shell: in single quotes nothing but the quote itself means anything. */
function quote(value: string): string {
  return `'${value.replaceAll(`'`, `'\\''`)}'`;
}

async function writeWhole(file: string, text: string): Promise<void> {
  const partial = `${file}.new`;
  const handle = await open(partial, 'w', 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(partial, file);
}
