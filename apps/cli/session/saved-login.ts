import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Environment } from '../context.js';
import { CommandFailure } from '../failure.js';
import { JsonReader } from '../api/json-reader.js';
import type { Principal } from './identity.js';
import { isMissing, savePrivateFile } from './private-file.js';

/** What `bay login` keeps: where, who, and a token that expires. Never the password. */
export interface SavedLogin {
  readonly authUrl: string;
  readonly endpoint: string;
  readonly user: Principal;
  readonly project: Principal | null;
  readonly token: string;
  readonly expiresAt: string;
  readonly caFile: string | null;
}

/** XDG's base directories (https://specifications.freedesktop.org/basedir-spec): a relative path in them is ignored. */
export function configurationDirectory(environment: Environment): string {
  return join(baseDirectory(environment, 'XDG_CONFIG_HOME', '.config'), 'baykeeper');
}

export function dataDirectory(environment: Environment): string {
  return join(baseDirectory(environment, 'XDG_DATA_HOME', '.local/share'), 'baykeeper');
}

function baseDirectory(environment: Environment, variable: string, below: string): string {
  const given = environment[variable] ?? '';
  return isAbsolute(given) ? given : join(environment['HOME'] ?? homedir(), below);
}

/** The profile that is meant when none is named. */
export const DEFAULT_PROFILE = 'default';

/** Names a login among several: `BAY_PROFILE`, else the one that `bay profiles use` chose, else the default. */
export function profileOf(environment: Environment): string {
  const named = environment['BAY_PROFILE'] ?? '';
  if (named !== '') return checkProfile(named);
  try {
    return checkProfile(readFileSync(chosenFile(environment), 'utf8').trim());
  } catch (error) {
    if (isMissing(error)) return DEFAULT_PROFILE;
    throw error;
  }
}

/** It is a file's name, too. @throws CommandFailure `usage` */
export function checkProfile(name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return name;
  throw new CommandFailure(
    'usage',
    `"${name}" is no name of a profile: use 1 to 64 letters, digits, dots, dashes and underscores.`,
  );
}

export function chooseProfile(environment: Environment, name: string): void {
  savePrivateFile(chosenFile(environment), `${name}\n`);
}

/** In the order of their names, the default first. */
export function listProfiles(environment: Environment): readonly string[] {
  const directory = join(configurationDirectory(environment), 'profiles');
  let files: readonly string[] = [];
  try {
    files = readdirSync(directory);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  const named = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  const isThere = existsSync(loginFile({ ...environment, BAY_PROFILE: DEFAULT_PROFILE }));
  return [...(isThere ? [DEFAULT_PROFILE] : []), ...named.toSorted()];
}

function chosenFile(environment: Environment): string {
  return join(configurationDirectory(environment), 'profile');
}

export function loginFile(environment: Environment): string {
  const profile = profileOf(environment);
  const directory = configurationDirectory(environment);
  return profile === DEFAULT_PROFILE ? join(directory, 'login.json') : join(directory, 'profiles', `${profile}.json`);
}

/** Null when nobody logged in, or when the file is not ours to understand (then a new login replaces it). */
export function loadLogin(environment: Environment): SavedLogin | null {
  const file = loginFile(environment);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (isMissing(error)) return null;
    throw new CommandFailure('usage', { message: `${file} cannot be read. Check whose it is.`, cause: error });
  }
  try {
    const body = new JsonReader(JSON.parse(text), 'login');
    const project = body.readerOrNull('project');
    return {
      authUrl: body.text('auth_url'),
      endpoint: body.text('endpoint'),
      user: readPrincipal(body.reader('user')),
      project: project && readPrincipal(project),
      token: body.text('token'),
      expiresAt: body.text('expires_at'),
      caFile: body.textOrNull('ca_file'),
    };
  } catch {
    return null;
  }
}

export function saveLogin(environment: Environment, login: SavedLogin): void {
  const body = {
    auth_url: login.authUrl,
    endpoint: login.endpoint,
    user: { id: login.user.id, name: login.user.name, domain_id: login.user.domainId },
    project: login.project && { id: login.project.id, name: login.project.name, domain_id: login.project.domainId },
    token: login.token,
    expires_at: login.expiresAt,
    ca_file: login.caFile,
  };
  savePrivateFile(loginFile(environment), `${JSON.stringify(body, null, 2)}\n`);
}

export function removeLogin(environment: Environment): void {
  rmSync(loginFile(environment), { force: true });
}

function readPrincipal(body: JsonReader): Principal {
  return { id: body.text('id'), name: body.text('name'), domainId: body.text('domain_id') };
}
