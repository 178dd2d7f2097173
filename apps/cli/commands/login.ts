import type { Command } from 'commander';
import { createSendRequest, type SendRequest } from '../api/http.js';
import { printData, printNotice, printResult, type CommandContext } from '../context.js';
import { CommandFailure } from '../failure.js';
import { renderTime } from '../output/durations.js';
import { scopeFrom } from '../session/choose-login.js';
import {
  findOtherIdentity,
  endpointFrom,
  endpointUrlOf,
  requestToken,
  revokeToken,
  type Proof,
  type Scope,
  type UserReference,
} from '../session/identity.js';
import { identityUrlOf, identityUrlOfOpenrc, readOpenrc, type Openrc } from '../session/openrc.js';
import { askPassword, readPasswordLine } from '../session/password.js';
import { loadLogin, loginFile, removeLogin, saveLogin, type SavedLogin } from '../session/saved-login.js';
import type { Beginning } from './begin.js';

interface LoginOptions {
  readonly url?: string;
  readonly user?: string;
  readonly userDomain?: string;
  readonly project?: string;
  readonly projectDomain?: string;
  readonly endpoint?: string;
  readonly passwordStdin?: boolean;
}

export function registerLogin(program: Command, beginning: Beginning): void {
  program
    .command('login')
    .summary('log in, and keep a token for later commands')
    .description(
      'Logs in and keeps the address and a token that expires (never the password) in a file that only you can read. ' +
        'What is not given comes from the OS_* variables of an openrc file, then from the last login. The password ' +
        'comes from standard input, OS_PASSWORD, or a question on the terminal.',
    )
    .option('--url <address>', "the service's address, such as http://192.0.2.1:9511, or an identity URL")
    .option('--user <name>', 'user name')
    .option('--user-domain <name>', 'domain of the user (default: Default)')
    .option('--project <name or id>', 'project to work in (default: the user’s own)')
    .option('--project-domain <name>', 'domain of the project (default: Default)')
    .option('--endpoint <url>', 'use this container-infra endpoint instead of the one in the catalog')
    .option('--password-stdin', 'read the password from standard input')
    .action(async (options: LoginOptions, command: Command) => {
      await login(beginning.context(command), options);
    });
  program
    .command('logout')
    .summary('forget the login, and end its token')
    .action(async (_options: object, command: Command) => {
      await logout(beginning.context(command));
    });
  program
    .command('token')
    .summary('print the token, for other programs that speak with the service')
    .description('Prints the token on standard output: whoever has it can act as you until it expires.')
    .action(async (_options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const { token, expiresAt } = session.token;
      if (context.structured) printData(context, { token, expires_at: expiresAt, endpoint: session.endpoint });
      else context.stdout.write(`${token}\n`);
    });
}

async function login(context: CommandContext, options: LoginOptions): Promise<void> {
  const openrc = readOpenrc(context.environment);
  const last = loadLogin(context.environment);
  const caFile = openrc.caFile ?? last?.caFile ?? null;
  const send = createSendRequest(caFile);
  const given = chooseAuthUrl(options, openrc, last);
  const user = chooseUser(options, openrc, last);
  const scope = chooseScope(options, openrc, last);
  const password = await readPassword(context, options, openrc, 'name' in user ? user.name : user.id);
  warnOfPlainHttp(context, given);
  const { authUrl, endpoint: known } = await findIdentity(send, given, options);
  if (authUrl !== given) {
    printNotice(context, `This service works with the identity service at ${authUrl}: logging in there.`);
    warnOfPlainHttp(context, authUrl);
  }
  const proof: Proof = { kind: 'password', user, password, scope };
  const issued = await requestToken(send, authUrl, proof);
  const override = options.endpoint ?? openrc.endpoint ?? known;
  const endpoint = override === null ? endpointFrom(issued, openrc) : endpointUrlOf(override);
  const { token, expiresAt, project } = issued;
  saveLogin(context.environment, { authUrl, endpoint, user: issued.user, project, token, expiresAt, caFile });
  const file = loginFile(context.environment);
  if (context.structured) {
    const { id, name } = issued.user;
    const projectJson = project && { id: project.id, name: project.name };
    printData(context, { endpoint, user: { id, name }, project: projectJson, expires_at: expiresAt, file });
  } else {
    const where = project === null ? '' : ` in project ${project.name}`;
    printResult(context, `Logged in as ${issued.user.name}${where} at ${endpoint} until ${renderTime(expiresAt)}.`);
  }
}

async function logout(context: CommandContext): Promise<void> {
  const saved = loadLogin(context.environment);
  removeLogin(context.environment);
  if (saved !== null) {
    const ended = revokeToken(createSendRequest(saved.caFile), saved.authUrl, saved.token);
    // The file is gone either way; a token that could not be ended expires by itself.
    await ended.catch(() => {
      printNotice(
        context,
        `The service could not be told. The token ends by itself at ${renderTime(saved.expiresAt)}.`,
      );
    });
  }
  if (context.structured) printData(context, { logged_out: saved !== null });
  else printResult(context, saved === null ? 'You were not logged in.' : `Logged out ${saved.user.name}.`);
}

function chooseAuthUrl(options: LoginOptions, openrc: Openrc, last: SavedLogin | null): string {
  const given = options.url ?? openrc.authUrl;
  if (given === null) {
    if (last !== null) return last.authUrl;
    throw new CommandFailure('usage', 'Where to? Name the service with --url http://HOST:9511, or set OS_AUTH_URL.');
  }
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    throw new CommandFailure('usage', `"${given}" is not an address. Write it like http://192.0.2.1:9511.`);
  }
  if (new URL(given).username !== '' || new URL(given).password !== '') {
    throw new CommandFailure(
      'usage',
      'The address holds a name or password. Use --user, and let bay ask for the password.',
    );
  }
  return options.url === undefined ? identityUrlOfOpenrc(given) : identityUrlOf(given);
}

/**
 * A service that was named by its own address may send us to the Keystone that it works with: then that one gives the
 * token, and the service is where it was named, whatever the catalog there says.
 */
async function findIdentity(
  send: SendRequest,
  authUrl: string,
  { url }: LoginOptions,
): Promise<{ readonly authUrl: string; readonly endpoint: string | null }> {
  if (url === undefined || new URL(url).pathname !== '/') return { authUrl, endpoint: null };
  const endpoint = endpointUrlOf(url);
  const other = await findOtherIdentity(send, authUrl, endpoint);
  return other === null ? { authUrl, endpoint: null } : { authUrl: identityUrlOf(other), endpoint };
}

function chooseUser(options: LoginOptions, openrc: Openrc, last: SavedLogin | null): UserReference {
  if (options.user !== undefined)
    return { name: options.user, domain: domainOf(options.userDomain, openrc.userDomain) };
  if (openrc.userId !== null) return { id: openrc.userId };
  if (openrc.userName !== null)
    return { name: openrc.userName, domain: domainOf(options.userDomain, openrc.userDomain) };
  if (last !== null) return { name: last.user.name, domain: { id: last.user.domainId } };
  throw new CommandFailure('usage', 'Who are you? Name the user with --user, or set OS_USERNAME.');
}

function chooseScope(options: LoginOptions, openrc: Openrc, last: SavedLogin | null): Scope {
  if (options.project !== undefined) {
    // Keystone's ids are 32 hex digits; ours are uuids.
    const isId = /^[0-9a-f]{32}$|^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(options.project);
    if (isId) return { id: options.project };
    return { name: options.project, domain: domainOf(options.projectDomain, openrc.projectDomain) };
  }
  const wanted = scopeFrom(openrc);
  if (wanted !== null) return wanted;
  const sameUser = last !== null && (options.user === undefined || options.user === last.user.name);
  return sameUser && last.project !== null ? { id: last.project.id } : null;
}

function domainOf(name: string | undefined, otherwise: Openrc['userDomain']): Openrc['userDomain'] {
  return name === undefined ? otherwise : { name };
}

/** OS_PASSWORD is for the user and the service that stand beside it, and is sent to no other. */
async function readPassword(
  context: CommandContext,
  options: LoginOptions,
  openrc: Openrc,
  userName: string,
): Promise<string> {
  if (options.passwordStdin === true) return await readPasswordLine(context.stdin);
  const sameUser = options.user === undefined || openrc.userName === null || options.user === openrc.userName;
  const sameUrl =
    options.url === undefined ||
    openrc.authUrl === null ||
    identityUrlOf(options.url) === identityUrlOfOpenrc(openrc.authUrl);
  if (openrc.password !== null && sameUser && sameUrl) return openrc.password;
  if (context.stdin.isTTY === true && context.stderr.isTTY === true)
    return await askPassword(context, `Password of ${userName}: `);
  throw new CommandFailure(
    'usage',
    'There is no password. Give it on standard input with --password-stdin, or in OS_PASSWORD.',
  );
}

function warnOfPlainHttp(context: CommandContext, authUrl: string): void {
  const { protocol, hostname } = new URL(authUrl);
  const local = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
  if (protocol === 'http:' && !local) {
    printNotice(context, `Warning: ${hostname} is reached by plain http; the password can be read on the way.`);
  }
}
