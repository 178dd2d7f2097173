/** The clients that people have: the distribution's `openstack`, with an openrc that a real shell sources. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, type RunOptions, type RunResult } from './run.js';
import { ROOT } from './running-server.js';

/** The interpreter that the distribution's packages are made for; another one may come first in PATH. */
export const SYSTEM_PYTHON = '/usr/bin/python3';

/** Of all commands, those that are tried in a file of their own (test/e2e/openstack-coe-operators). */
export const OPERATORS_COMMANDS = /^coe (quotas|service|stats) /;
/** The same for test/e2e/openstack-coe-groups. */
export const GROUPS_COMMANDS = /^coe (ca rotate|cluster (resize|upgrade)|nodegroup)/;

export interface Login {
  readonly user: string;
  readonly project: string;
  readonly password: string;
}

/** Somebody to be made, with a role in a project. */
export interface NewUser extends Login {
  readonly role: string;
}

export interface OpenstackClient {
  /** `openstack ARGUMENTS`, as typed after `. openrc`. */
  run(args: readonly string[], options?: Pick<RunOptions, 'mayFail' | 'cwd'>): Promise<RunResult>;
  /** The same with `-f json`, read. */
  json<T>(args: readonly string[]): Promise<T>;
  /** What a failing command says. @throws Error when it does not fail */
  failure(args: readonly string[]): Promise<string>;
}

/** Why `openstack coe` can't be run here; null: it can. */
export async function whyNoOpenstackClient(): Promise<string | null> {
  const tried = await run(SYSTEM_PYTHON, ['-c', 'import openstackclient.shell, magnumclient.osc.plugin'], {
    mayFail: true,
  }).catch(() => null);
  return tried?.code === 0 ? null : 'python3-openstackclient and python3-magnumclient are not installed';
}

export function openstackClient(openrc: string, home: string): OpenstackClient {
  const environment = { PATH: '/usr/bin:/bin', HOME: home, SHELL: '/bin/bash', LANG: 'C.UTF-8', COLUMNS: '250' };
  const client: OpenstackClient = {
    run: (args, options = {}) =>
      run('bash', ['-c', '. "$0" && exec openstack "$@"', openrc, ...args], {
        env: environment,
        timeoutMs: 120_000,
        ...options,
      }),
    async json<T>(args: readonly string[]) {
      return JSON.parse((await client.run([...args, '-f', 'json'])).stdout) as T;
    },
    async failure(args) {
      const { code, stdout, stderr } = await client.run(args, { mayFail: true });
      if (code === 0) throw new Error(`openstack ${args.join(' ')} did not fail:\n${stdout}`);
      return stderr.trim().replace(/ \(Request-ID: req-[0-9a-f-]{36}\)$/, '');
    },
  };
  return client;
}

/** Writes another user's openrc beside the administrator's. @returns its path */
export async function writeOpenrc(adminOpenrc: string, directory: string, login: Login): Promise<string> {
  const file = join(directory, `${login.user}-openrc`);
  const lines = [
    `. '${adminOpenrc}'`,
    `export OS_PROJECT_NAME='${login.project}'`,
    `export OS_USERNAME='${login.user}'`,
    `export OS_PASSWORD='${login.password}'`,
  ];
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

/** Makes users and their projects as an administrator does. */
export async function makeUsers(admin: OpenstackClient, users: readonly NewUser[]): Promise<void> {
  for (const project of new Set(users.map((user) => user.project))) await admin.run(['project', 'create', project]);
  for (const { user, project, password, role } of users) {
    await admin.run(['user', 'create', '--project', project, '--password', password, user]);
    await admin.run(['role', 'add', '--project', project, '--user', user, role]);
  }
}

/** Every command of the installed `openstack coe` with its options, as the client itself lists them. */
export async function listCoeCommands(): Promise<ReadonlyMap<string, readonly string[]>> {
  const { stdout } = await run(SYSTEM_PYTHON, [join(ROOT, 'test/support/list-coe-commands.py')]);
  return new Map(Object.entries(JSON.parse(stdout) as Record<string, string[]>));
}

/**
 * Remembers which commands and options were used, so that a test can ask what was left out.
 * @returns the client, and what has not been used yet: `coe cluster list`, `coe cluster list --limit`
 */
export function countUse(
  client: OpenstackClient,
  known: ReadonlyMap<string, readonly string[]>,
): { readonly client: OpenstackClient; readonly unused: () => readonly string[] } {
  const used = new Set<string>();
  const note = (args: readonly string[]): void => {
    const line = `${args.join(' ')} `;
    const [command] = [...known.keys()]
      .filter((name) => line.startsWith(`${name} `))
      .sort((one, other) => other.length - one.length);
    if (command === undefined) return;
    used.add(command);
    for (const option of known.get(command) ?? [])
      if (option.split('|').some((spelling) => args.includes(spelling))) used.add(`${command} ${option}`);
  };
  const all = [...known].flatMap(([command, options]) => [command, ...options.map((option) => `${command} ${option}`)]);
  return {
    client: {
      run: (args, options) => (note(args), client.run(args, options)),
      json: (args) => (note(args), client.json(args)),
      failure: (args) => (note(args), client.failure(args)),
    },
    unused: () => all.filter((name) => !used.has(name)),
  };
}
