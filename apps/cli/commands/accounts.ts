import type { Command } from 'commander';
import { createSendRequest } from '../api/http.js';
import { printData, printResult } from '../context.js';
import { CommandFailure } from '../failure.js';
import { renderTime } from '../output/durations.js';
import { printableText } from '../output/printable-text.js';
import { renderFacts, renderTable } from '../output/table.js';
import { requestToken } from '../session/identity.js';
import { readOpenrc } from '../session/openrc.js';
import {
  checkProfile,
  chooseProfile,
  DEFAULT_PROFILE,
  listProfiles,
  loadLogin,
  profileOf,
  removeLogin,
} from '../session/saved-login.js';
import type { Beginning } from './begin.js';

/** Who one is, and the logins that are kept on this machine. */
export function registerAccounts(program: Command, beginning: Beginning): void {
  program
    .command('whoami')
    .summary('show who you are, where, and what you may do')
    .action(async (_options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const { authUrl, caFile } = session;
      const proof = { kind: 'token', token: session.token.token } as const;
      const told = await requestToken(createSendRequest(caFile), authUrl, proof);
      if (context.structured) {
        const { user, project, roles, expiresAt } = told;
        printData(context, {
          user: { id: user.id, name: user.name, domain_id: user.domainId },
          project: project && { id: project.id, name: project.name, domain_id: project.domainId },
          roles,
          endpoint: session.endpoint,
          auth_url: authUrl,
          expires_at: expiresAt,
          profile: session.isSaved ? profileOf(context.environment) : null,
        });
        return;
      }
      const facts = [
        ['User', `${told.user.name} (${told.user.id})`],
        ['Project', told.project === null ? 'none' : `${told.project.name} (${told.project.id})`],
        ['Roles', told.roles.length === 0 ? 'none' : told.roles.join(', ')],
        ['Service', session.endpoint],
        ['Identity', authUrl],
        ['Until', renderTime(told.expiresAt)],
        ['From', session.isSaved ? `profile ${profileOf(context.environment)}` : 'the OS_* variables'],
      ] as const;
      printResult(context, renderFacts(facts.map(([name, value]) => [name, printableText(value)])));
    });
  registerProfiles(program, beginning);
}

function registerProfiles(program: Command, beginning: Beginning): void {
  const parent = program.command('profiles').alias('profile').summary('list the logins that are kept on this machine');
  parent
    .command('ls', { isDefault: true })
    .alias('list')
    .summary('list them; the one in use is marked')
    .action((_options: object, command: Command) => {
      const context = beginning.context(command);
      const used = profileOf(context.environment);
      const profiles = listProfiles(context.environment).flatMap((name) => {
        const login = loadLogin({ ...context.environment, BAY_PROFILE: name });
        return login === null ? [] : [{ name, login }];
      });
      if (context.structured) {
        printData(context, {
          profiles: profiles.map(({ name, login }) => ({
            ...{ name, in_use: name === used, endpoint: login.endpoint, user: login.user.name },
            ...{ project: login.project?.name ?? null, expires_at: login.expiresAt },
          })),
        });
        return;
      }
      const rows = profiles.map(({ name, login }) => [
        ...[`${name}${name === used ? ' *' : ''}`, login.user.name, login.project?.name ?? ''],
        ...[login.endpoint, renderTime(login.expiresAt)],
      ]);
      printResult(context, renderTable(['PROFILE', 'USER', 'PROJECT', 'SERVICE', 'UNTIL'], rows));
      if (readOpenrc(context.environment).authUrl === null || profiles.length === 0) return;
      context.stderr.write('OS_AUTH_URL is set: the OS_* variables win over these, unless --profile names one.\n');
    });
  parent
    .command('use')
    .summary('use this login from now on, when nothing else is said')
    .argument('<profile>', 'its name; see: bay profiles')
    .action((name: string, _options: object, command: Command) => {
      const context = beginning.context(command);
      checkExists(listProfiles(context.environment), checkProfile(name));
      chooseProfile(context.environment, name);
      if (context.structured) printData(context, { name, in_use: true });
      else printResult(context, `Profile "${name}" is used from now on.`);
    });
  parent
    .command('rm')
    .alias('delete')
    .summary('forget a login (bay logout ends its token, too)')
    .argument('<profile>', 'its name')
    .action((name: string, _options: object, command: Command) => {
      const context = beginning.context(command);
      const { environment } = context;
      checkExists(listProfiles(environment), checkProfile(name));
      removeLogin({ ...environment, BAY_PROFILE: name });
      if (profileOf({ ...environment, BAY_PROFILE: '' }) === name) chooseProfile(environment, DEFAULT_PROFILE);
      if (context.structured) printData(context, { name, gone: true });
      else printResult(context, `Profile "${name}" is forgotten.`);
    });
}

function checkExists(profiles: readonly string[], name: string): void {
  if (profiles.includes(name)) return;
  const known = profiles.length === 0 ? 'There are none yet' : `There are: ${profiles.join(', ')}`;
  throw new CommandFailure('not-found', `There is no profile "${name}". ${known}. Make one with: bay login --profile`);
}
