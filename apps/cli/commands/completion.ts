import type { Command } from 'commander';
import { listBays } from '../api/bays.js';
import { listTemplates } from '../api/templates.js';
import { completionTable } from '../completion/completion-table.js';
import { renderBashCompletion } from '../completion/bash.js';
import { renderFishCompletion } from '../completion/fish.js';
import { renderZshCompletion } from '../completion/zsh.js';
import { CommandFailure } from '../failure.js';
import { listProfiles } from '../session/saved-login.js';
import type { Beginning } from './begin.js';

const RENDERERS = { bash: renderBashCompletion, zsh: renderZshCompletion, fish: renderFishCompletion } as const;

export function registerCompletion(program: Command, beginning: Beginning): void {
  program
    .command('completion')
    .summary('print a script that completes commands and names')
    .description(
      'Use it as: source <(bay completion bash), source <(bay completion zsh) after compinit, or bay completion fish | source',
    )
    .argument('<shell>', Object.keys(RENDERERS).join(', '))
    .action((shell: string, _options: object, command: Command) => {
      if (!isShellWithCompletion(shell)) {
        const known = Object.keys(RENDERERS).join(', ');
        throw new CommandFailure('usage', `There is no completion for "${shell}". There is one for: ${known}.`);
      }
      beginning.context(command).stdout.write(RENDERERS[shell](completionTable(program)));
    });
  program
    .command('completion-names', { hidden: true })
    .argument('<kind>')
    .action(async (kind: string, _options: object, command: Command) => {
      if (kind === 'profiles') {
        const { environment, stdout } = beginning.context(command);
        for (const name of listProfiles(environment)) stdout.write(`${name}\n`);
        return;
      }
      const { context, session } = await beginning.session(command);
      const all = kind === 'templates' ? await listTemplates(session) : await listBays(session);
      for (const { name } of all) if (PLAIN_NAME.test(name)) context.stdout.write(`${name}\n`);
    });
}

/**
 * Names that are offered. bash expands the words that `compgen -W` is given, so a template called `$(reboot)`, which
 * another project may have published, must never come near it.
 */
const PLAIN_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

function isShellWithCompletion(shell: string): shell is keyof typeof RENDERERS {
  return Object.hasOwn(RENDERERS, shell);
}
