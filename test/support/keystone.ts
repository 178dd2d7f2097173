/** A real Keystone, the distribution's, over a database of its own in a directory of its own. */
import { spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { SYSTEM_PYTHON } from './openstack-client.js';
import { run, until } from './run.js';
import { freePort, ROOT } from './running-server.js';

export interface RunningKeystone {
  /** Without a version. */
  readonly url: string;
  readonly directory: string;
  /** The administrator's openrc file. */
  readonly openrc: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  remove(): Promise<void>;
}

const MANAGE = '/usr/bin/keystone-manage';
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** Why no Keystone can be run here; null: it can. */
export async function whyNoKeystone(): Promise<string | null> {
  return access(MANAGE).then(
    () => null,
    () => 'python3-keystone is not installed',
  );
}

export async function startKeystone(): Promise<RunningKeystone> {
  const directory = await mkdtemp(join(tmpdir(), 'baykeeper-keystone-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const configuration = join(directory, 'keystone.conf');
  const database = join(directory, 'keystone.db');
  const openrc = join(directory, 'admin-openrc');
  await writeFile(configuration, renderConfiguration(directory, database));
  await writeFile(openrc, renderOpenrc(url), { mode: 0o600 });
  for (const name of ['fernet', 'credential']) await mkdir(join(directory, name), { mode: 0o700 });
  const manage = (...args: string[]) =>
    run(MANAGE, ['--config-file', configuration, ...args], { env: { PATH, HOME: directory }, timeoutMs: 120_000 });
  await manage('db_sync');
  // Readers and the writer of this file do not wait for each other then.
  await run(SYSTEM_PYTHON, [
    '-c',
    'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA journal_mode=WAL")',
    database,
  ]);
  const { uid, gid } = userInfo();
  await manage('fernet_setup', '--keystone-user', String(uid), '--keystone-group', String(gid));
  await manage('bootstrap', '--bootstrap-password', PASSWORD, '--bootstrap-public-url', `${url}/v3`, ...REGION);

  let child: ReturnType<typeof spawn> | null = null;
  const keystone: RunningKeystone = {
    url,
    directory,
    openrc,
    async start() {
      const started = spawn(SYSTEM_PYTHON, [join(ROOT, 'test/support/serve-keystone.py'), String(port)], {
        env: { PATH, HOME: directory, OS_KEYSTONE_CONFIG_FILES: configuration },
        stdio: 'ignore',
      });
      child = started;
      await until('Keystone to answer', 60_000, async () => {
        if (started.exitCode !== null) throw new Error(`Keystone ended with ${String(started.exitCode)}`);
        return (await fetch(`${url}/v3`).catch(() => null))?.ok === true;
      });
    },
    async stop() {
      if (!child || child.exitCode !== null) return;
      const stopped = child;
      const gone = new Promise((resolve) => stopped.once('exit', resolve));
      stopped.kill('SIGTERM');
      await gone;
      child = null;
    },
    async remove() {
      await keystone.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
  await keystone.start();
  return keystone;
}

const PASSWORD = 'only-for-this-test';
const REGION = ['--bootstrap-region-id', 'RegionOne'];

function renderConfiguration(directory: string, database: string): string {
  return [
    '[database]',
    `connection = sqlite:///${database}`,
    '[fernet_tokens]',
    `key_repository = ${directory}/fernet`,
    '[credential]',
    `key_repository = ${directory}/credential`,
    '[cache]',
    'enabled = false',
    '',
  ].join('\n');
}

function renderOpenrc(url: string): string {
  const variables = {
    OS_AUTH_URL: `${url}/v3`,
    OS_IDENTITY_API_VERSION: '3',
    OS_PROJECT_NAME: 'admin',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    OS_USERNAME: 'admin',
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PASSWORD: PASSWORD,
    OS_REGION_NAME: 'RegionOne',
  };
  return Object.entries(variables)
    .map(([name, value]) => `export ${name}='${value}'\n`)
    .join('');
}
