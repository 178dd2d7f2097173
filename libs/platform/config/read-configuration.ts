/**
 * The one door between the environment and the program. What it lets through is complete, typed and frozen; what it
 * refuses, it refuses with all reasons at once, and before anything was started.
 */
import { homedir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { closestMatch } from 'leven';
import type { z } from 'zod';
import { BaykeeperError } from '@baykeeper/domain';
import { SETTING_KEYS, SETTINGS, type SettingKey } from './settings.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What was read, with `undefined` as null. */
type Read<Key extends SettingKey> =
  undefined extends z.output<(typeof SETTINGS)[Key]['schema']>
    ? Exclude<z.output<(typeof SETTINGS)[Key]['schema']>, undefined> | null
    : z.output<(typeof SETTINGS)[Key]['schema']>;

/** Settings whose default depends on another one, and is filled in. */
type Resolved = { readonly publicUrl: string; readonly dataDirectory: string };

/**
 * All settings, frozen. Units are in the names. `nodeUrl`, `databaseUrl`, `redisUrl`, `adminPassword`, `masterKey`, `keystone…`,
 * `loadBalancerAddresses` and `localSubnet` are null when they were not given. Printing it (JSON, `util.inspect`, a log)
 * shows `[hidden]` in place of secrets.
 */
export type Configuration = Readonly<{ [Key in Exclude<SettingKey, keyof Resolved>]: Read<Key> } & Resolved>;

const PREFIX = 'BAYKEEPER_';

/** Beyond this many edits a suggestion is a guess that sends the reader astray. */
const FARTHEST_SUGGESTION = 8;

/**
 * @param user whose defaults apply; the user of this process unless given.
 * @throws BaykeeperError `invalid-input` that names every variable that is unknown or has a wrong value.
 */
export function readConfiguration(environment: Environment, user: { uid: number; home: string } = thisUser()) {
  const problems = checkNames(environment);
  const values: Partial<Record<SettingKey, unknown>> = {};
  for (const key of SETTING_KEYS) {
    const { name, schema, form, ...setting } = SETTINGS[key];
    const given = environment[name];
    // A password may begin with a space.
    const text = 'secret' in setting ? given : given?.trim();
    const parsed = schema.safeParse(text?.trim() === '' ? undefined : text);
    if (parsed.success) values[key] = parsed.data ?? null;
    else problems.push(`${name} must be ${form}${'secret' in setting ? '' : `, not ${JSON.stringify(text)}`}.`);
  }
  if (values.port === values.nodePort) problems.push('BAYKEEPER_PORT and BAYKEEPER_NODE_PORT must differ.');
  if (typeof values.keystoneUrl === 'string' && values.keystonePassword === null)
    problems.push('BAYKEEPER_KEYSTONE_PASSWORD must be set when BAYKEEPER_KEYSTONE_URL is.');
  if (problems.length > 0) throw new BaykeeperError({ code: 'invalid-input', publicMessage: problems.join('\n') });

  values.publicUrl ??= `http://127.0.0.1:${String(values.port)}`;
  values.dataDirectory = path.resolve(
    (values.dataDirectory as string | null) ??
      (user.uid === 0 ? '/var/lib/baykeeper' : path.join(user.home, '.local/share/baykeeper')),
  );
  return Object.freeze(withHiddenSecrets(values as Configuration));
}

/** The configuration as it may be shown: secrets that are set read `[hidden]`. */
export function describeConfiguration(configuration: Configuration): Record<SettingKey, unknown> {
  return Object.fromEntries(
    SETTING_KEYS.map((key) => [
      key,
      'secret' in SETTINGS[key] && configuration[key] !== null ? '[hidden]' : configuration[key],
    ]),
  ) as Record<SettingKey, unknown>;
}

function checkNames(environment: Environment): string[] {
  const known = SETTING_KEYS.map((key) => SETTINGS[key].name);
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.includes(name))
    .map((name) => {
      const near = closestMatch(name, known, { maxDistance: FARTHEST_SUGGESTION });
      const hint = near === undefined ? 'docs/configuration.md lists all names' : `did you mean ${near}?`;
      return `${name} is no setting of Baykeeper: ${hint}${hint.endsWith('?') ? '' : '.'}`;
    });
}

/** Not enumerable, so a copy by spread stays plain and can be changed by a test. */
function withHiddenSecrets(configuration: Configuration): Configuration {
  return Object.defineProperties(configuration, {
    toJSON: { value: () => describeConfiguration(configuration) },
    [inspect.custom]: { value: () => describeConfiguration(configuration) },
  });
}

function thisUser(): { uid: number; home: string } {
  return { uid: process.getuid?.() ?? -1, home: homedir() };
}
