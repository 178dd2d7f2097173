import type { CompletionTable } from './completion-table.js';

export function renderFishCompletion({ commands, options }: CompletionTable): string {
  const known = commands.flatMap(({ path }) => (path === '' ? [] : [`'${path}'`]));
  const cases = commands.map(
    ({ path, words, names }) =>
      `    case '${path}'\n      set offered ${words.join(' ')}\n      set names '${names ?? ''}'`,
  );
  const values = options.map(({ flags, values: given }) => {
    const head = `    case ${flags.join(' ')}\n      `;
    if (given === 'folders') return `${head}__fish_complete_directories (commandline -ct)\n      return`;
    if (typeof given === 'string') return `${head}set offered\n      set names ${given}`;
    return `${head}set offered ${given.join(' ')}\n      set names ''`;
  });
  return `# fish completion for bay: bay completion fish | source
function __bay_complete
  set -l at ''
  set -l offered
  set -l names ''
  set -l given (commandline -opc)
  for word in $given[2..-1]
    switch "$at $word"
      case ${known.join(' ')}
        set at "$at $word"
    end
  end
  switch $at
${cases.join('\n')}
  end
  switch $given[-1]
${values.join('\n')}
  end
  string join \\n -- $offered
  if test -n "$names"; and not string match -q -- '-*' (commandline -ct)
    bay completion-names $names 2>/dev/null
  end
end
complete -c bay -f -a '(__bay_complete)'
`;
}
