import type { Command } from 'commander';
import type { JsonReader } from '../api/json-reader.js';
import { changePerson, changeRole, createPerson, findPerson, listIdentity, removePerson } from '../api/people.js';
import { printData, printResult, type CommandContext } from '../context.js';
import { CommandFailure } from '../failure.js';
import { printableText } from '../output/printable-text.js';
import { renderTable } from '../output/table.js';
import { askPassword, readPasswordLine } from '../session/password.js';
import type { Session } from '../session/session.js';
import type { Beginning } from './begin.js';

interface NewProject {
  readonly description?: string;
}
interface NewUser {
  readonly project?: string;
  readonly email?: string;
  readonly description?: string;
  readonly passwordStdin?: boolean;
}
interface Place {
  readonly project?: string;
}

/** Projects, users and who may do what: for administrators of the installation, and partly of a project. */
export function registerPeople(program: Command, beginning: Beginning): void {
  registerProjects(program, beginning);
  registerUsers(program, beginning);
  registerRoles(program, beginning);
}

function registerProjects(program: Command, beginning: Beginning): void {
  const parent = program.command('projects').alias('project').summary('list the projects that you can work in');
  parent
    .command('ls', { isDefault: true })
    .alias('list')
    .summary('list the projects that you can work in')
    .option('-a, --all', 'every one (administrators of the installation)')
    .action(async ({ all }: { all?: boolean }, command: Command) => {
      const { context, session } = await beginning.session(command);
      const projects = await listIdentity(session, all === true ? '/projects' : '/auth/projects', 'projects');
      if (context.structured) printData(context, { projects: projects.map(({ whole }) => whole) });
      else {
        const rows = projects.map(({ reader }) => [
          ...[reader.text('name'), reader.text('id'), yes(reader.flag('enabled'))],
          reader.textOrNull('description') ?? '',
        ]);
        printResult(context, renderTable(['NAME', 'ID', 'ENABLED', 'DESCRIPTION'], rows));
      }
    });
  parent
    .command('create')
    .summary('make a project (administrators of the installation)')
    .argument('<name>', 'its name')
    .option('--description <text>', 'what it is for')
    .action(async (name: string, { description }: NewProject, command: Command) => {
      const { context, session } = await beginning.session(command);
      const made = await createPerson(session, 'projects', { name, ...(description !== undefined && { description }) });
      if (context.structured) printData(context, made.whole);
      else say(context, `Project "${name}" is made (${made.reader.text('id')}).`);
    });
  registerSwitches(parent, beginning, 'projects');
  registerRemoval(parent, beginning, 'projects', 'remove a project that has neither bays nor templates');
}

function registerUsers(program: Command, beginning: Beginning): void {
  const parent = program.command('users').alias('user').summary('list the users (administrators)');
  parent
    .command('ls', { isDefault: true })
    .alias('list')
    .summary('list the users: of the project, or of the installation for its administrators')
    .action(async (_options: object, command: Command) => {
      const { context, session } = await beginning.session(command);
      const users = await listIdentity(session, '/users', 'users');
      if (context.structured) printData(context, { users: users.map(({ whole }) => whole) });
      else {
        const rows = users.map(({ reader }) => [
          ...[reader.text('name'), reader.text('id'), yes(reader.flag('enabled'))],
          reader.textOrNull('email') ?? '',
        ]);
        printResult(context, renderTable(['NAME', 'ID', 'ENABLED', 'EMAIL'], rows));
      }
    });
  parent
    .command('create')
    .summary('make a user (administrators of the installation); bay roles grant lets it in')
    .argument('<name>', 'its name')
    .option('--project <project>', 'name or id of the project it works in when it names none')
    .option('--email <address>', 'where to reach it')
    .option('--description <text>', 'who it is')
    .option('--password-stdin', 'read its password from standard input; else it is asked for')
    .action(async (name: string, options: NewUser, command: Command) => {
      const { context, session } = await beginning.session(command);
      const { project, email, description } = options;
      const home = project === undefined ? undefined : (await findPerson(session, 'projects', project)).id;
      const password = await newPassword(context, options.passwordStdin === true, name);
      const made = await createPerson(session, 'users', {
        ...{ name, password },
        ...(home !== undefined && { default_project_id: home }),
        ...(email !== undefined && { email }),
        ...(description !== undefined && { description }),
      });
      if (context.structured) printData(context, made.whole);
      else
        say(
          context,
          `User "${name}" is made (${made.reader.text('id')}). Let it in with: bay roles grant member ${name}`,
        );
    });
  parent
    .command('set-password')
    .summary('give a user a new password; all its tokens end')
    .argument('<user>', 'name or id')
    .option('--password-stdin', 'read it from standard input; else it is asked for')
    .action(async (wanted: string, { passwordStdin }: { passwordStdin?: boolean }, command: Command) => {
      const { context, session } = await beginning.session(command);
      const { id, name } = await findPerson(session, 'users', wanted);
      await changePerson(session, 'users', id, { password: await newPassword(context, passwordStdin === true, name) });
      if (context.structured) printData(context, { id, name });
      else say(context, `User "${name}" has a new password.`);
    });
  registerSwitches(parent, beginning, 'users');
  registerRemoval(parent, beginning, 'users', 'remove a user, with its roles, tokens and application credentials');
}

function registerSwitches(parent: Command, beginning: Beginning, kind: 'projects' | 'users'): void {
  const one = kind === 'projects' ? 'project' : 'user';
  for (const enabled of [true, false]) {
    parent
      .command(enabled ? 'enable' : 'disable')
      .summary(enabled ? `let a ${one} work again` : `keep a ${one} out, without removing it; its tokens end`)
      .argument(`<${one}>`, 'name or id')
      .action(async (wanted: string, _options: object, command: Command) => {
        const { context, session } = await beginning.session(command);
        const { id, name } = await findPerson(session, kind, wanted);
        const { whole } = await changePerson(session, kind, id, { enabled });
        if (context.structured) printData(context, whole);
        else say(context, `${one === 'user' ? 'User' : 'Project'} "${name}" is ${enabled ? 'enabled' : 'disabled'}.`);
      });
  }
}

function registerRemoval(parent: Command, beginning: Beginning, kind: 'projects' | 'users', summary: string): void {
  const one = kind === 'projects' ? 'project' : 'user';
  parent
    .command('rm')
    .alias('delete')
    .summary(`${summary} (administrators of the installation)`)
    .argument(`<${one}>`, 'name or id')
    .option('-y, --yes', 'do not ask')
    .action(async (wanted: string, { yes: sure }: { yes?: boolean }, command: Command) => {
      const { context, session } = await beginning.session(command);
      const { id, name } = await findPerson(session, kind, wanted);
      if (sure !== true) await beginning.confirm(context, `Remove ${one} "${name}"?`, `Removing ${one} "${name}"`);
      await removePerson(session, kind, id);
      if (context.structured) printData(context, { id, name, gone: true });
      else say(context, `${one === 'user' ? 'User' : 'Project'} "${name}" is removed.`);
    });
}

function registerRoles(program: Command, beginning: Beginning): void {
  const parent = program.command('roles').alias('role').summary('tell who may do what in a project');
  parent
    .command('ls', { isDefault: true })
    .alias('list')
    .summary('list who has which role')
    .option('--project <project>', 'name or id; else your own')
    .option('-a, --all-projects', 'in every project (administrators of the installation)')
    .action(async ({ project, allProjects }: Place & { allProjects?: boolean }, command: Command) => {
      const { context, session } = await beginning.session(command);
      const scope =
        allProjects === true ? '' : `&scope.project.id=${encodeURIComponent(await placeOf(session, project))}`;
      const path = `/role_assignments?include_names=true${scope}`;
      const assignments = await listIdentity(session, path, 'role_assignments');
      if (context.structured) printData(context, { role_assignments: assignments.map(({ whole }) => whole) });
      else {
        const rows = assignments.map(({ reader }) => {
          const place = reader.reader('scope').readerOrNull('project');
          return [
            titleOf(reader.reader('user')),
            titleOf(reader.reader('role')),
            place === null ? 'the installation' : titleOf(place),
          ];
        });
        printResult(context, renderTable(['USER', 'ROLE', 'PROJECT'], rows));
      }
    });
  for (const given of [true, false]) {
    parent
      .command(given ? 'grant' : 'revoke')
      .summary(`${given ? 'give a user a role' : 'take a role from a user'} (administrators of the project)`)
      .argument('<role>', 'admin, member or reader; each holds those after it')
      .argument('<user>', 'name or id')
      .option('--project <project>', 'name or id; else your own')
      .action(async (roleName: string, userName: string, { project }: Place, command: Command) => {
        const { context, session } = await beginning.session(command);
        const place = await placeOf(session, project);
        const [role, user] = [
          await findPerson(session, 'roles', roleName),
          await findPerson(session, 'users', userName),
        ];
        await changeRole(session, { project: place, user: user.id, role: role.id }, given);
        if (context.structured) printData(context, { project_id: place, user_id: user.id, role: role.name, given });
        else say(context, `User "${user.name}" ${given ? 'has' : 'no longer has'} the role ${role.name}.`);
      });
  }
}

/** @returns the id of the project that is named, else of the own one */
async function placeOf(session: Session, wanted: string | undefined): Promise<string> {
  if (wanted === undefined) {
    if (session.projectId !== null) return session.projectId;
    throw new CommandFailure('usage', 'Your token is for no project. Name one with --project.');
  }
  if (wanted === session.projectId || wanted === session.projectName) return session.projectId ?? '';
  return (await findPerson(session, 'projects', wanted)).id;
}

async function newPassword(context: CommandContext, fromStdin: boolean, name: string): Promise<string> {
  if (fromStdin) return await readPasswordLine(context.stdin);
  if (context.stdin.isTTY !== true || context.stderr.isTTY !== true) {
    throw new CommandFailure('usage', 'There is no password. Give it on standard input with --password-stdin.');
  }
  const password = await askPassword(context, `New password of ${name}: `);
  if (password === (await askPassword(context, 'Again: '))) return password;
  throw new CommandFailure('usage', 'The two are not the same. Nothing was changed.');
}

function titleOf(reader: JsonReader): string {
  return reader.textOrNull('name') ?? reader.text('id');
}

function yes(flag: boolean): string {
  return flag ? 'yes' : 'no';
}

function say(context: CommandContext, text: string): void {
  printResult(context, printableText(text));
}
