import { readFileSync, rmSync } from 'node:fs';
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

export function loginFile(environment: Environment): string {
  return join(configurationDirectory(environment), 'login.json');
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
